"""Stories: whole loans in business words, played by the same verbs as the pages, and told from the journal."""

from holdfast.stories.play import Played, Proof, play, proof_of
from holdfast.stories.tales import TALES
from holdfast.stories.timeline import Line

__all__ = ["TALES", "Line", "Played", "Proof", "play", "proof_of"]
