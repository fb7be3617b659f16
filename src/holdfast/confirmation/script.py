"""The script of the confirmation call: data in two languages, versioned, and never changed once it was used.

What a step says may hold figures, which the server sets. A step that holds a figure of the loan names the
loan; the steps that prove who answers come before all of those, and a script that has it otherwise is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput, NotFound

NAME: Final = "confirm-loan"
LANGUAGES: Final = ("zh-hans", "en")
# Figures that tell nobody of a loan.
SAFE_FIGURES: Final = frozenset({"lender", "caller"})
# Figures of the loan itself.
LOAN_FIGURES: Final = frozenset(
    {"product", "principal", "instalments", "repayments", "total", "interest", "fees", "all_in", "purpose", "thing",
     "default_days", "notice_days", "return_days"}
)  # fmt: skip
# What a confirmation must have proved; each is the `proves` of at least one step.
PROOFS: Final = ("announced", "recording", "identity", "will", "purpose", "plan", "consequences", "pledge", "facts", "code")
_FIGURE: Final = re.compile(r"\{(\w+)\}")
_ID: Final = re.compile(r"[a-z][a-z_]{1,30}")


class StepKind(StrEnum):
    """What kind of answer a step takes."""

    CHOICE = "choice"
    IDENTITY = "identity"
    FACTS = "facts"
    CODE = "code"


class Then(StrEnum):
    """What an answer leads to: on, the same step again, a call at another time, or an end."""

    PASS = "pass"
    AGAIN = "again"
    CALL_BACK = "call_back"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that a step may have. `stop` names the failure that it points to."""

    code: str
    word: Mapping[str, str]
    then: Then
    stop: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is said, what it proves, and the answers that it takes. `says` and `title` are by language."""

    id: str
    kind: StepKind
    proves: str
    names_loan: bool
    title: Mapping[str, str]
    says: Mapping[str, str]
    choices: tuple[Choice, ...]

    def choice(self, code: str) -> Choice:
        """The answer of that code; BadInput if the step does not take it."""
        for each in self.choices:
            if each.code == code:
                return each
        raise BadInput(f"answer: the step {self.id} takes {', '.join(each.code for each in self.choices)}, not {code!r}", field="answer")

    def said(self, language: str, figures: Mapping[str, str]) -> str:
        """What the caller reads out, with its figures."""
        return _FIGURE.sub(lambda match: figures[match[1]], self.says[language])


@dataclass(frozen=True, slots=True)
class Script:
    """One version of the script; `digest` stands for every word of it."""

    name: str
    version: int
    steps: tuple[Step, ...]
    digest: str

    def step(self, name: str) -> Step:
        """The step of that name; NotFound otherwise."""
        for each in self.steps:
            if each.id == name:
                return each
        raise NotFound(f"script {self.name} {self.version} has no step {name}", code="no_step", field="step")

    @property
    def identity(self) -> tuple[Step, ...]:
        """The steps that prove who answers."""
        return tuple(step for step in self.steps if step.proves == "identity")


@cache
def script(version: int | None = None) -> Script:
    """A version of the script that comes with the program; the newest unless one is named."""
    folder = files("holdfast.confirmation") / "scripts"
    known = {}
    for file in folder.iterdir():
        if match := re.fullmatch(rf"{NAME}-(\d+)\.yaml", file.name):
            known[int(match[1])] = file
    wanted = max(known) if version is None else version
    if wanted not in known:
        raise NotFound(f"there is no version {wanted} of the script {NAME}", code="no_script", field="script")
    return of(yaml.safe_load(known[wanted].read_text("utf-8")))


def of(raw: Any) -> Script:
    """The script of a plain mapping, checked; BadInput names what is wrong with it."""
    if not isinstance(raw, Mapping) or set(raw) != {"script", "version", "steps"}:
        raise BadInput("script: give script, version and steps", field="script")
    steps = tuple(_step(each) for each in raw["steps"])
    ids = [step.id for step in steps]
    if len(set(ids)) != len(ids):
        raise BadInput("steps: two steps have one name", field="steps")
    missing = [proof for proof in PROOFS if not any(step.proves == proof for step in steps)]
    if missing:
        raise BadInput(f"steps: nothing proves {', '.join(missing)}", field="steps")
    _identity_first(steps)
    if steps[-1].kind is not StepKind.CODE or sum(step.kind is StepKind.CODE for step in steps) != 1:
        raise BadInput("steps: the code is asked for once, at the end, for it stands for all that was said before", field="steps")
    return Script(str(raw["script"]), int(raw["version"]), steps, canonical.digest(raw))


def _identity_first(steps: tuple[Step, ...]) -> None:
    last = max(index for index, step in enumerate(steps) if step.proves == "identity")
    for step in steps[: last + 1]:
        if step.names_loan:
            raise BadInput(f"steps.{step.id}: it names the loan before it is proved who answers", field="steps")
    for step in steps:
        for text in step.says.values():
            figures = set(_FIGURE.findall(text))
            if unknown := figures - SAFE_FIGURES - LOAN_FIGURES:
                raise BadInput(f"steps.{step.id}: there is no figure {min(unknown)!r}", field="steps")
            if figures & LOAN_FIGURES and not step.names_loan:
                raise BadInput(f"steps.{step.id}: it holds a figure of the loan and must say names_loan", field="steps")


def _step(raw: Any) -> Step:
    try:
        step = Step(
            raw["id"], StepKind(raw["kind"]), raw["proves"], raw["names_loan"], _words(raw["title"]), _words(raw["says"]),
            tuple(_choice(each) for each in raw.get("choices", ())),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"steps: a step is not whole: {error}", field="steps") from None
    if not _ID.fullmatch(step.id) or step.proves not in (*PROOFS, "questions") or raw["names_loan"] not in (True, False):
        raise BadInput(f"steps.{step.id}: its name, its proof or names_loan cannot be read", field="steps")
    passes = [each for each in step.choices if each.then is Then.PASS]
    if (step.kind is StepKind.CHOICE) != bool(step.choices) or (step.choices and not passes):
        raise BadInput(f"steps.{step.id}: a step that is answered by choice has at least one answer that goes on", field="steps")
    return step


def _choice(raw: Mapping[str, Any]) -> Choice:
    then, _, stop = str(raw["then"]).partition(" ")
    return Choice(raw["code"], _words({name: raw[name] for name in LANGUAGES}), Then(then), stop or None)


def _words(raw: Mapping[str, str]) -> Mapping[str, str]:
    if set(raw) != set(LANGUAGES) or not all(text.strip() for text in raw.values()):
        raise ValueError(f"words are given in {' and '.join(LANGUAGES)}")
    return {name: " ".join(text.split()) for name, text in raw.items()}
