"""Stories: whole loans in business words, played by the same verbs as the pages, and told from the journal."""

from holdfast.stories.play import Played, bundle_of, play
from holdfast.stories.tales import TALES
from holdfast.stories.timeline import Line

__all__ = ["TALES", "Line", "Played", "bundle_of", "play"]
