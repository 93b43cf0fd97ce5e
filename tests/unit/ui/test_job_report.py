"""The report of a job: of very many people, those that need attention first, and not all."""

from dataclasses import replace

from tests.support.executed_jobs import job_of
from tests.support.journals import plan_for
from walkme_tui.domain.jobs import Job, StepRecord
from walkme_tui.domain.plans import StepState
from walkme_tui.ui.widgets.job_report import MOST_LEFT_OUT, MOST_PEOPLE, ending_lines, people_lines


def job_of_many(people: int) -> Job:
    plan = plan_for(*range(people), groups=0)
    job = job_of(plan, [StepRecord(step, StepState.DONE, "was active, is inactive", True) for step in plan.steps])
    failed = replace(job.steps[-1], state=StepState.FAILED, detail="Refused.", changed=False)
    return replace(job, steps=(*job.steps[:-1], failed))


def text_of(lines: object) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]  # type: ignore[attr-defined]


def test_all_people_of_a_usual_job_are_shown_in_order() -> None:
    job = job_of_many(MOST_PEOPLE)
    lines = text_of(people_lines(job, 80))
    names = [subject.name for subject in job.plan.subjects]
    assert [line for line in lines if line in names] == names
    assert "lists all" not in lines[-1]


def test_of_very_many_people_those_that_need_attention_are_shown_first() -> None:
    job = job_of_many(MOST_PEOPLE + 50)
    lines = text_of(people_lines(job, 80))
    names = [subject.name for subject in job.plan.subjects]
    assert [line for line in lines if line in names] == [names[-1], *names[: MOST_PEOPLE - 1]]
    assert f"And 50 more people: walkme-tui jobs show {job.id} lists all." in " ".join(lines)


def test_an_excerpt_of_very_many_people_shows_those_that_need_attention_first_too() -> None:
    job = job_of_many(3)
    excerpt = replace(job, whole=replace(job.summary, subjects=5000))
    lines = text_of(people_lines(excerpt, 80))
    names = [subject.name for subject in job.plan.subjects]
    assert [line for line in lines if line in names] == [names[-1], *names[:-1]]
    assert f"And 4 997 more people: walkme-tui jobs show {job.id} lists all." in " ".join(lines)


def test_of_very_many_sentences_about_what_was_left_out_the_first_are_shown() -> None:
    job = job_of_many(2)
    left_out = tuple(f"person {number} is gone" for number in range(MOST_LEFT_OUT + 7))
    lines = text_of(ending_lines(replace(job, plan=replace(job.plan, left_out=left_out)), 80))
    assert sum("is gone" in line for line in lines) == MOST_LEFT_OUT
    assert "And 7 more; the receipt has all." in lines
