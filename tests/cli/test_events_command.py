"""Events from the command line."""

import json


def test_events_are_recorded_once(fengkong, workspace):
    line = {"kind": "payment", "time": "2026-03-01T09:30:00+08:00", "id": "e-1", "customer": "C-17", "amount": 20.5}
    (workspace / "payments.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert fengkong("events", "payments.jsonl").out == "1 new events recorded\n"
    assert json.loads(fengkong("events", "payments.jsonl", "--json").out) == {"new": 0}
    (workspace / "payments.jsonl").write_text("noon\n", encoding="utf-8")
    result = fengkong("events", "payments.jsonl")
    assert result.code == 3
    assert "payments.jsonl:1: the line is no event" in result.err
    missing = fengkong("events", "nothere.jsonl").err
    assert "nothere.jsonl: the file can't be read" in missing
    assert "name a file of JSON Lines" in missing
