"""A receipt as Markdown that reads the same raw and rendered.

Values from the account are cleaned and in code spans, in which no renderer finds a link, HTML or markup. There are
lists and no tables, because renderers disagree on which ``|`` ends a cell.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from walkme_tui.domain.changes.registry import CHANGE_KINDS
from walkme_tui.domain.groups import member_count
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.text import clean
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
    "create group": "Creation",
    "rename group": "Renaming",
    "delete group": "Deletion",
}


def receipt_markdown(receipt: Mapping[str, Any], file_name: str) -> str:
    """The Markdown of a receipt that ``receipts.receipt`` made: the lines for a ticket, then the whole record."""
    account, operator = receipt["account"], receipt["operator"]
    where = f"{code(account['base_url'])} ({account['surface'].upper()})"
    lines = [
        *ticket_lines(receipt, file_name),
        "",
        "## Record",
        "",
        _subject(receipt),
        f"- Operator: {code(operator['os_user'])} on {code(operator['host'])}, client {code(operator['client_id'])}",
        f"- Account: {code(account['profile'])}, {where}, {_word(account['environment'])}",
        *([f"- Undoes job: {code(receipt['undoes'])}"] if receipt["undoes"] else []),
        f"- Begun: {_moment(receipt['created_at'])}",
        "",
        "## Before and after",
        "",
        *_before_and_after(receipt),
        *([f"- Groups kept: {_listed(receipt['kept'])}"] if receipt["kept"] else []),
        "",
        "## Steps",
        "",
        *(_steps(receipt) or ["None."]),
        "",
    ]
    if receipt["left_out"]:
        lines += ["## Left out", "", *(f"- {code(sentence, MAX_SENTENCE)}" for sentence in receipt["left_out"]), ""]
    return "\n".join(lines)


def ticket_lines(receipt: Mapping[str, Any], file_name: str) -> list[str]:
    """At most six lines for a ticket; ``file_name`` is the receipt's JSON file, for the undo of this person."""
    account, operator = receipt["account"], receipt["operator"]
    title = TITLES.get(receipt["kind"], "Change")
    who = _label(receipt)
    ticket = f"{code(receipt['ticket'])}, " if receipt["ticket"] else ""
    state = _word(receipt["state"])
    when = _moment(receipt["settled_at"] or receipt["written_at"])
    by = f"{code(operator['os_user'])} on {code(operator['host'])}"
    lines = [
        f"# {title} of {who} in {code(account['profile'])} ({_word(account['environment'])})",
        f"- {ticket}job {code(receipt['job'])}, {state} {when}, by {by}",
        f"- {'; '.join(_changes(receipt)) or 'Nothing to do'}",
    ]
    lines += [f"- Check: {code(check['text'], MAX_SENTENCE)}" for check in receipt["checks"]]
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
    return [
        f"- Status: {_status(before)} -> {_status(after)}",
        f"- Groups before: {_groups(before)}",
        f"- Groups after: {_groups(after)}",
    ]


def _group_state(state: Mapping[str, Any] | None) -> str:
    if state is None:
        return "no group"
    return f"{code(state['name']) if state['name'] else 'no name'}, {member_count(state['members'])}"


def _steps(receipt: Mapping[str, Any]) -> list[str]:
    """The steps, numbered from 1, each with one time: without the date on the day of the job."""
    begun = receipt["created_at"]["local"]
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
        phrases.append(f"{len(others) - MAX_PHRASES} more steps below")
    if receipt["left_out"]:
        phrases.append(f"{len(receipt['left_out'])} left out")
    return phrases


def _some(targets: Sequence[str]) -> str:
    more = len(targets) - MAX_GROUPS
    return ", ".join(targets[:MAX_GROUPS]) + (f" and {more} more" if more > 0 else "")


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
        others = "1 other person" if people == 1 else f"{people} other people"
        return f"nothing was changed for this person; {job} undoes the job for {others}"
    if people == 1:
        return f"{job}, for this person only"
    this = code(f"walkme-tui undo {file_name}")
    return f"{this} for this person only; {job} for all {people} people that the job changed"


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
