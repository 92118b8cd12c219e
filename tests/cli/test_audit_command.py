"""`fengkong audit verify`: a whole ledger, a changed one, and none."""

import json
import sqlite3


def test_a_whole_ledger_is_verified_and_an_edited_entry_is_named(fengkong, workspace):
    missing = fengkong("audit", "verify")
    assert (missing.code, (workspace / "ledger.db").exists()) == (3, False)
    assert "there is no ledger yet; the first fengkong decide makes it" in missing.err
    fengkong("decide")
    whole = fengkong("audit", "verify")
    assert whole.code == 0
    assert whole.out.endswith("ledger.db: no entry was edited, cut out or moved\n")
    with sqlite3.connect(workspace / "ledger.db") as ledger:
        for trigger in [name for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            ledger.execute(f"DROP TRIGGER {trigger}")
        ledger.execute("UPDATE ledger_entries SET subject = 'another' WHERE seq = 3")
    ledger.close()
    broken = fengkong("audit", "verify")
    assert broken.code == 1
    assert "L001" in broken.out
    assert "entry 3" in broken.out
    told = json.loads(fengkong("audit", "verify", "--json").out)
    assert told["whole"] is False
    assert "L001" in {finding["code"] for finding in told["findings"]}
