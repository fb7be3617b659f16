"""What a person is, as against what they do and owe: attributes that no score of ours uses unless somebody names them.

Equal treatment and the minimum of personal data (Personal Information Protection Law 6, 24, 28; the fair
lending rules of other countries). A column is known by the words of its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# Words of a column's name, each with the attribute that it stands for.
WORDS: Final[Mapping[str, str]] = {
    "sex": "sex", "gender": "sex", "male": "sex", "female": "sex", "性别": "sex",
    "personal_status": "personal status", "marital": "personal status", "marriage": "personal status", "married": "personal status",
    "family_status": "personal status", "civil_status": "personal status", "婚姻": "personal status", "婚": "personal status",
    "nationality": "nationality", "citizenship": "nationality", "foreign": "nationality", "foreigner": "nationality",
    "immigrant": "nationality", "国籍": "nationality",
    "age": "age", "birth": "age", "birthday": "age", "birthdate": "age", "dob": "age", "年龄": "age", "出生": "age",
    "race": "ethnic group", "ethnic": "ethnic group", "ethnicity": "ethnic group", "民族": "ethnic group",
    "religion": "belief", "religious": "belief", "宗教": "belief", "political": "belief", "party_member": "belief", "政治": "belief",
    "disability": "health", "disabled": "health", "health": "health", "pregnant": "health", "pregnancy": "health", "健康": "health",
    "hukou": "origin", "birthplace": "origin", "native_place": "origin", "户籍": "origin", "籍贯": "origin",
}  # fmt: skip


def attribute(column: str) -> str | None:
    """The protected attribute that a column's name speaks of, or None. Whole words count: a mortgage is no age."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column)
    words = "_" + "_".join(re.findall(r"[a-z]+|[0-9]+|[^\W\d_a-z]+", spaced.lower())) + "_"
    for word, what in WORDS.items():
        if (f"_{word}_" in words) if word.isascii() else (word in column):
            return what
    return None
