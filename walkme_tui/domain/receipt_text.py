"""A receipt as Markdown that reads the same raw and rendered.

Values from the account are cleaned and in code spans, in which no renderer finds a link, HTML or markup. There are
lists and no tables, because renderers disagree on which ``|`` ends a cell.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from walkme_tui.domain.changes.registry import CHANGE_KINDS
from walkme_tui.domain.groups import member_count
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.text import clean, spaced
from walkme_tui.domain.users import Json

MAX_SHOWN: Final = 300
MAX_SENTENCE: Final = 600
MAX_GROUPS: Final = 8
MAX_PHRASES: Final = 3
TITLES: Final = {
    "offboard": "Offboarding",
    "deactivate": "Deactivation",
    "reactivate": "Reactivation",
    "undo": "Undo",
    "edit": "Edit",
    "create": "Creation",
    "delete": "Deletion",
    "groups": "Change of groups",
    "import": "Import",
    "reconcile": "Reconciliation",
    "create group": "Creation",
    "rename group": "Renaming",
    "delete group": "Deletion",
}


def receipt_markdown(receipt: Mapping[str, Any], file_name: str) -> str:
    """The Markdown of a receipt that ``receipts.receipt`` made: the lines for a ticket, then the whole record."""
    return "\n".join(
        [
            *ticket_lines(receipt, file_name),
            "",
            *_record(receipt, _subject(receipt)),
            "",
            "## Before and after",
            "",
            *_before_and_after(receipt),
            "",
            "## Steps",
            "",
            *(_steps(receipt, receipt) or ["None."]),
            "",
            *_left_out(receipt),
        ]
    )


def job_markdown(
    head: Mapping[str, Any], for_ticket: Iterable[Mapping[str, Any]], entries: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """The Markdown of the receipt of a job of several users or groups, in pieces.

    ``head`` is ``receipts.receipt_head``; ``entries`` are those of all, ``for_ticket`` those that a ticket describes.
    """
    yield "\n".join([*job_ticket_lines(head, for_ticket), "", *_record(head), "", *_left_out(head)])
    yield f"\n## {'Groups' if head['about'] == 'groups' else 'People'}\n"
    for entry in entries:
        steps = _steps(entry, head) or ["None."]
        lines = ["", f"### {_label(entry)}", "", _subject(entry), *_before_and_after(entry), "", *steps, ""]
        yield "\n".join(lines)


def job_ticket_lines(head: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The lines for a ticket of a job of several users or groups; ``entries`` are those to describe one by one."""
    noun = ("group", "groups") if head["about"] == "groups" else ("person", "people")
    states, warnings = head["by_state"], head["warnings"]
    lines = [
        *_title(head, _counted(sum(states.values()), noun)),
        f"- {', '.join(f'{_counted(count, noun)} {_word(state)}' for state, count in states.items())}",
    ]
    for entry in entries:
        lines.append(f"- {_label(entry)}: {'; '.join(_changes(entry)) or 'nothing to do'}")
        lines += _checks(entry)
    for text, count in list(warnings.items())[:MAX_PHRASES]:
        lines.append(f"- Warning for {_counted(count, noun)}: {code(text, MAX_SENTENCE)}")
    people = head["undo_people"]
    if people:
        one = f"walkme-tui jobs receipt {head['job']} {noun[0].upper()} --output FILE.json"
        undo = f"{code(head['undo'])} for all {_counted(people, noun)} that the job changed"
        lines.append(f"- Undo: {undo}; for one alone {code(one)}, then {code('walkme-tui undo FILE.json')}")
    else:
        lines.append("- Undo: nothing was changed that can be undone")
    return lines


def _counted(count: int, noun: tuple[str, str]) -> str:
    return f"{spaced(count)} {noun[count != 1]}"


def _record(head: Mapping[str, Any], *subject: str) -> list[str]:
    """The section with who did it where and when; ``subject`` are lines to put first."""
    account, operator = head["account"], head["operator"]
    where = f"{code(account['base_url'])} ({account['surface'].upper()})"
    return [
        "## Record",
        "",
        *subject,
        f"- Operator: {code(operator['os_user'])} on {code(operator['host'])}, client {code(operator['client_id'])}",
        f"- Account: {code(account['profile'])}, {where}, {_word(account['environment'])}",
        *([f"- Undoes job: {code(head['undoes'])}"] if head["undoes"] else []),
        f"- Begun: {_moment(head['created_at'])}",
    ]


def _left_out(head: Mapping[str, Any]) -> list[str]:
    if not head["left_out"]:
        return []
    return ["## Left out", "", *(f"- {code(sentence, MAX_SENTENCE)}" for sentence in head["left_out"]), ""]


def _title(head: Mapping[str, Any], who: str) -> list[str]:
    """The heading, and the line with ticket, job, state and time."""
    account, operator = head["account"], head["operator"]
    title = TITLES.get(head["kind"], "Change")
    ticket = f"{code(head['ticket'])}, " if head["ticket"] else ""
    when = _moment(head["settled_at"] or head["written_at"])
    by = f"{code(operator['os_user'])} on {code(operator['host'])}"
    return [
        f"# {title} of {who} in {code(account['profile'])} ({_word(account['environment'])})",
        f"- {ticket}job {code(head['job'])}, {_word(head['state'])} {when}, by {by}",
    ]


def ticket_lines(receipt: Mapping[str, Any], file_name: str) -> list[str]:
    """At most six lines for a ticket; ``file_name`` is the receipt's JSON file, for the undo of this person."""
    lines = [
        *_title(receipt, _label(receipt)),
        f"- {'; '.join([*_changes(receipt), *_number_left_out(receipt)]) or 'Nothing to do'}",
    ]
    lines += _checks(receipt)
    if receipt["warning"]:
        lines.append(f"- Warning: {code(receipt['warning'], MAX_SENTENCE)}")
    return [*lines, f"- Undo: {_undo(receipt, file_name)}"]


def code(value: object, limit: int = MAX_SHOWN) -> str:
    """Text from outside as a code span of one line that the text cannot end."""
    text = clean(value if isinstance(value, str) else str(value), limit)
    if not text.strip():
        return "(blank)"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _label(receipt: Mapping[str, Any]) -> str:
    """The user or the group of a receipt, for the title."""
    if "group" in receipt:
        return f"the group {_group(receipt['group'])}"
    person = receipt["person"]
    return code(person.get("email") or _name(person) or person["id"])


def _subject(receipt: Mapping[str, Any]) -> str:
    """The line with all that is known of who or what the receipt is about."""
    title = "Group" if "group" in receipt else "Person"
    found = receipt[title.lower()]
    known = [_name(found), found.get("email") or found.get("name"), found["id"]]
    return f"- {title}: {', '.join(code(part) for part in known if isinstance(part, str) and part)}"


def _before_and_after(receipt: Mapping[str, Any]) -> list[str]:
    before, after = receipt["before"], receipt["after"]
    if "group" in receipt:
        return [f"- Before: {_group_state(before)}", f"- After: {_group_state(after)}"]
    kept = [f"- Groups kept: {_listed(receipt['kept'])}"] if receipt["kept"] else []
    return [
        f"- Status: {_status(before)} -> {_status(after)}",
        f"- Groups before: {_groups(before)}",
        f"- Groups after: {_groups(after)}",
        *kept,
    ]


def _group_state(state: Mapping[str, Any] | None) -> str:
    if state is None:
        return "no group"
    return f"{code(state['name']) if state['name'] else 'no name'}, {member_count(state['members'])}"


def _steps(receipt: Mapping[str, Any], head: Mapping[str, Any]) -> list[str]:
    """The steps, numbered from 1, each with one time: without the date on the day of the job."""
    begun = head["created_at"]["local"]
    lines = []
    for number, step in enumerate(receipt["steps"], 1):
        at = step["settled_at"] or step["sent_at"]
        local = at["local"] if at else ""
        same_day = (local[:10], local[19:]) == (begun[:10], begun[19:])
        parts = [_word(step["state"]), local[11:19] if same_day else _moment(at)] if at else [_word(step["state"])]
        if step["attempts"] > 1:
            parts.append(f"{step['attempts']} attempts")
        start = f"{number}. "
        lines.append(f"{start}{_call(step)}: {', '.join(parts)}")
        if step["detail"] and not step["as_planned"]:
            lines.append(f"{' ' * len(start)}- {code(step['detail'], MAX_SENTENCE)}")
    return lines


def _call(step: Mapping[str, Any]) -> str:
    """A step as verb and target; ``call`` names a kind, since receipts are rendered only when they are made."""
    return f"{CHANGE_KINDS[step['call']].verb} {_target(step)}"


def _target(step: Mapping[str, Any]) -> str:
    return CHANGE_KINDS[step["call"]].target_in_json(step, code)


def _changes(receipt: Mapping[str, Any]) -> list[str]:
    """Phrases about what was done, what was not and why, and which groups stay."""
    steps = receipt["steps"]
    done = [step for step in steps if step["state"] == StepState.DONE and step["changed"]]
    phrases: list[str] = []
    for name, kind in CHANGE_KINDS.items():
        of_kind = [step for step in done if step["call"] == name]
        if of_kind and kind.done_verb:
            phrases.append(f"{kind.done_verb} {_some([_target(step) for step in of_kind])}")
        else:
            phrases += [_call(step) for step in of_kind]
    if receipt["kept"]:
        phrases.append(f"stays in {_some([_group(group) for group in receipt['kept']])}")
    others = [step for step in steps if step not in done]
    for step in others[:MAX_PHRASES]:
        state = "nothing to do" if step["state"] == StepState.DONE else _word(step["state"])
        why = f" ({code(step['detail'], MAX_SENTENCE)})" if step["detail"] else ""
        phrases.append(f"{state}: {_call(step)}{why}")
    if len(others) > MAX_PHRASES:
        phrases.append(f"{spaced(len(others) - MAX_PHRASES)} more steps below")
    return phrases


def _checks(receipt: Mapping[str, Any]) -> list[str]:
    return [f"- Check: {code(check['text'], MAX_SENTENCE)}" for check in receipt["checks"]]


def _number_left_out(receipt: Mapping[str, Any]) -> list[str]:
    return [f"{spaced(len(receipt['left_out']))} left out"] if receipt["left_out"] else []


def _some(targets: Sequence[str]) -> str:
    more = len(targets) - MAX_GROUPS
    return ", ".join(targets[:MAX_GROUPS]) + (f" and {spaced(more)} more" if more > 0 else "")


def _undo(receipt: Mapping[str, Any], file_name: str) -> str:
    """The commands that undo this receipt and the job."""
    here = any(step["changed"] and step["state"] == StepState.DONE for step in receipt["steps"])
    people, job = receipt["undo_people"], code(receipt["undo"])
    if not people and here:
        return "a deleted group cannot be restored"
    if not people:
        return "nothing was changed, so there is nothing to undo"
    if "group" in receipt:
        return job
    if not here:
        others = "1 other person" if people == 1 else f"{spaced(people)} other people"
        return f"nothing was changed for this person; {job} undoes the job for {others}"
    if people == 1:
        return f"{job}, for this person only"
    this = code(f"walkme-tui undo {file_name}")
    return f"{this} for this person only; {job} for all {spaced(people)} people that the job changed"


def _name(person: Mapping[str, Any]) -> str:
    names = (person.get("firstName"), person.get("lastName"))
    return " ".join(part for part in names if isinstance(part, str) and part)


def _status(condition: Mapping[str, Any]) -> str:
    status = condition.get("status", "")
    return "none" if status is None else code(status) if status else "unknown"


def _groups(condition: Mapping[str, Any]) -> str:
    if "groups" not in condition:
        return "unknown"
    return _listed(condition["groups"] or ()) or "none"


def _listed(groups: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(map(_group, groups))


def _group(group: Mapping[str, Any]) -> str:
    return code(group["name"] or group["id"])


def _moment(moment: Json) -> str:
    """The local time to the second, with its offset: ``2027-01-15 10:00:00 +02:00``."""
    if not isinstance(moment, dict):
        return "not yet"
    local = str(moment["local"])
    return f"{local[:10]} {local[11:19]} {local[19:]}"


def _word(value: object) -> str:
    """A word of this program: receipts are rendered when they are made, never from a file."""
    return clean(str(value))
