"""Receipts as Markdown: text from the account never becomes a link, HTML or other markup."""

import re
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.executed_jobs import ACTOR, job_of
from tests.support.journals import plan_for
from tests.support.markdown import HOSTILE, OURS, tokens
from tests.support.plan_strategies import plans
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.jobs import Actor, Job, OutcomeReason, StepRecord
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.domain.receipt_text import code, receipt_markdown, ticket_lines
from walkme_tui.domain.receipts import receipt
from walkme_tui.domain.text import clean

ACCOUNT = Account("acme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com")


def hostile_receipts() -> st.SearchStrategy[dict[str, Any]]:
    records = st.builds(
        StepRecord,
        st.none(),
        st.sampled_from(StepState),
        HOSTILE,
        st.booleans(),
        st.integers(0, 3),
        st.none() | st.just(1_800_000_000_000),
        st.none() | st.just(1_800_000_000_500),
    )

    def made(plan: Plan, record: StepRecord, actor: Actor, text: str) -> dict[str, Any]:
        plan = replace(plan, ticket=text, left_out=(text,))
        if plan.groups:
            group = plan.groups[0].group._replace(name=text)
            plan = replace(plan, groups=(replace(plan.groups[0], group=group), *plan.groups[1:]))
        else:
            person = plan.subjects[0].user._replace(email=text, first_name=text, status=text)
            plan = replace(plan, subjects=(replace(plan.subjects[0], user=person), *plan.subjects[1:]))
        job = job_of(plan, [replace(record, step=step) for step in plan.steps])
        return receipt(job, plan.all_subjects[0], ACCOUNT._replace(profile=text), 1_800_000_000_000, UTC)

    return st.builds(made, plans(), records, st.builds(Actor, HOSTILE, HOSTILE, HOSTILE), HOSTILE)


@settings(max_examples=200)
@given(hostile_receipts())
def test_text_from_the_account_is_never_markup(made: dict[str, Any]) -> None:
    text = receipt_markdown(made, "receipt.json")
    assert len(ticket_lines(made, "receipt.json")) <= 5
    found = tokens(text)
    assert {token.type for token in found} <= OURS
    # The details of each step are nested below it.
    lists = [token for token in found if token.type == "bullet_list_open"]
    assert len([token for token in lists if token.level > 0]) == len(
        [step for step in made["steps"] if step["detail"] and not step["as_planned"]]
    )
    headings = [index for index, token in enumerate(found) if token.type == "heading_open"]
    assert len(headings) == (5 if made["left_out"] else 4)
    # Plain text is ours: text from the account is in code spans only.
    plain = "".join(token.content for token in found if token.type == "text")
    assert not re.search(r"[<>\[\]`|]", plain.replace("->", ""))
    assert all(character == "\n" or not 0 <= ord(character) < 32 for character in text)


@given(HOSTILE)
@example("`")
@example(" a ")
@example("``a` ")
def test_a_code_span_shows_exactly_the_cleaned_text(text: str) -> None:
    found = tokens(f"- {code(text)}, and on")
    spans = [token.content for token in found if token.type == "code_inline"]
    shown = clean(text, 300)
    if shown.strip():
        assert [span.strip(" ") for span in spans] == [shown.strip(" ")]
    else:
        assert spans == []
    assert found[-1].type == "bullet_list_close"


def _job(*people: int) -> Job:
    plan = plan_for(*(people or (1,)))
    known = plan.subjects[0].user._replace(groups=("g1", "g2", "g3"))
    first = replace(plan.subjects[0], user=known, kept=frozenset({"g3"}))
    plan = replace(plan, subjects=(first, *plan.subjects[1:]), created_at_ms=1_800_000_000_000)
    records = [
        StepRecord(
            step,
            StepState.DONE,
            step.change.done_text(None),
            True,
            1,
            1_800_000_001_000,
            1_800_000_002_250,
            reason=OutcomeReason.VERIFIED,
        )
        for step in plan.steps
    ]
    return job_of(plan, records)


def _written(job: Job, place: int = 0) -> dict[str, Any]:
    return receipt(job, job.plan.subjects[place], ACCOUNT, 1_800_000_060_000, timezone(timedelta(hours=2)))


def test_the_markdown_of_a_receipt_is_readable_text() -> None:
    job = _job()
    text = receipt_markdown(_written(job), "receipt.json")
    assert text.startswith(
        "# Offboarding of `person00001@example.com` in `acme` (production)\n"
        "- `HR-17`, job `20270115-bcdf`, done 2027-01-15 10:01:00 +02:00, by `ada` on `jump-host`\n"
        "- set status `active` -> `inactive`; left `Gruppe Ø1`, `Gruppe Ø2`; stays in `g3`\n"
        "- Warning: `okta|000001: an identity provider owns this record and may push it back. "
        "Unassign the person there too.`\n"
        "- Undo: `walkme-tui undo 20270115-bcdf`, for this person only\n"
        "\n"
        "## Record\n"
        "\n"
        "- Person: `Amina O'Brien`, `person00001@example.com`, `00000000-0000-4000-8000-000000000001`\n"
        "- Operator: `ada` on `jump-host`, client `client-7`\n"
        "- Account: `acme`, `https://api.walkme.com` (REST), production\n"
    )
    assert "- Status: `active` -> `inactive`\n- Groups before: `Gruppe Ø1`, `Gruppe Ø2`, `g3`\n" in text
    assert "- Groups after: `g3`\n- Groups kept: `g3`\n" in text
    assert "2. leave `Gruppe Ø1`: done, 10:00:02\n3. leave `Gruppe Ø2`: done, 10:00:02\n" in text
    assert str(ACTOR) not in text


def test_times_are_not_repeated_and_steps_are_numbered_for_each_user() -> None:
    text = receipt_markdown(_written(_job(1, 2), 1), "receipt.json")
    dates = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text)
    assert len(dates) == len(set(dates)) == 2
    assert "UTC" not in text
    assert re.findall(r"^(\d+)\. ", text, re.MULTILINE) == ["1", "2", "3"]


def test_the_lines_for_a_ticket_show_steps_that_were_not_done_with_reasons() -> None:
    job = _job()
    refused = replace(job.steps[1], state=StepState.FAILED, detail="The group is locked.", changed=False)
    already = replace(job.steps[2], detail="already out of Gruppe Ø2: nothing was sent", changed=False)
    lines = ticket_lines(_written(replace(job, steps=(job.steps[0], refused, already))), "receipt.json")
    assert lines[2] == (
        "- set status `active` -> `inactive`; stays in `g3`; failed: leave `Gruppe Ø1` (`The group is locked.`); "
        "nothing to do: leave `Gruppe Ø2` (`already out of Gruppe Ø2: nothing was sent`)"
    )


def test_a_receipt_shows_how_many_users_each_undo_command_restores() -> None:
    job = _job(1, 2, 3, 4, 5)
    assert ticket_lines(_written(job, 2), "receipt.json")[-1] == (
        "- Undo: `walkme-tui undo receipt.json` for this person only; "
        "`walkme-tui undo 20270115-bcdf` for all 5 people that the job changed"
    )
    third = job.plan.subjects[2].user.id
    steps = tuple(replace(each, changed=each.changed and each.step.subject_id != third) for each in job.steps)
    assert ticket_lines(_written(replace(job, steps=steps), 2), "receipt.json")[-1] == (
        "- Undo: nothing was changed for this person; `walkme-tui undo 20270115-bcdf` undoes the job for 4 other people"
    )


@pytest.mark.parametrize("state", [StepState.SKIPPED, StepState.FAILED])
def test_a_receipt_without_changes_has_no_undo_command(state: StepState) -> None:
    job = _job()
    job = replace(job, steps=tuple(replace(record, state=state, changed=False) for record in job.steps))
    text = receipt_markdown(_written(job), "receipt.json")
    assert "- Undo: nothing was changed, so there is nothing to undo\n" in text
    assert "walkme-tui undo" not in text
