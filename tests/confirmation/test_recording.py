"""A recording is kept only of somebody who agreed to it in that call, only as sound, once, and sealed."""

from __future__ import annotations

import pytest

from holdfast import confirmation, files
from holdfast.files import File, media_type
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.parties import box_of
from tests.confirmation.desk import CallDesk

SOUND = b"OggS" + bytes(200)


def keep(desk: CallDesk, call: str | None = None, data: bytes = SOUND) -> File:
    named = call or desk.standing.calls[-1].public_id
    return confirmation.keep_recording(desk.db, clock=desk.clock, by=desk.caller, loan=desk.loan, call=named, data=data, name="call.ogg")


def test_it_is_kept_sealed_under_the_borrowers_key_and_named_by_a_record(desk: CallDesk) -> None:
    desk.talk()
    desk.say("identity")
    file = keep(desk)
    assert (file.media_type, file.party_id) == ("audio/ogg", desk.party.party_id)
    assert files.read(file, box=box_of(desk.db, desk.party)) == SOUND
    assert [purpose for _, purpose in files.of_loan(desk.db, desk.case.loan.loan_id)].count("call_recording") == 1
    record = desk.records()[-1]
    assert (record["kind"], record["seals"]["recording"]) == ("confirmation.recording_kept", file.digest)


def test_nothing_is_kept_of_who_declined_or_was_not_asked(desk: CallDesk) -> None:
    desk.talk()
    with pytest.raises(Refusal) as unasked:
        keep(desk)
    assert unasked.value.code == "no_recording_consent"
    desk.say("recording", recording={"answer": "declines"})
    with pytest.raises(Refusal) as declined:
        keep(desk)
    assert declined.value.code == "no_recording_consent"


def test_a_yes_in_one_call_is_no_yes_in_another(desk: CallDesk) -> None:
    desk.talk()
    desk.say("recording")
    desk.end("hung_up")
    desk.wait(600).talk()
    with pytest.raises(Refusal):
        keep(desk)
    assert keep(desk, desk.standing.calls[0].public_id).media_type == "audio/ogg"


def test_it_is_kept_once(desk: CallDesk) -> None:
    desk.talk()
    desk.say("recording")
    keep(desk)
    with pytest.raises(Refusal) as error:
        keep(desk)
    assert error.value.code == "recording_kept"


def test_only_sound_is_a_recording_and_its_bytes_say_so(desk: CallDesk) -> None:
    desk.talk()
    desk.say("recording")
    for data in (b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"hello", b"RIFF\x00\x00\x00\x00WEBP"):
        with pytest.raises(BadInput) as error:
            keep(desk, data=data)
        assert error.value.field == "file"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"OggS\x00", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"#!AMR\n", "audio/amr"),
        (b"\x00\x00\x00\x20ftypM4A \x00", "audio/mp4"),
    ],
)
def test_the_kinds_of_sound_that_are_taken_in(data: bytes, kind: str) -> None:
    assert media_type(data) == kind


def test_it_is_of_a_call_of_this_loan(desk: CallDesk) -> None:
    with pytest.raises(NotFound):
        keep(desk, "cf_other")


def test_it_may_still_be_kept_once_the_loan_is_confirmed(desk: CallDesk) -> None:
    desk.confirmed()
    assert keep(desk).media_type == "audio/ogg"
