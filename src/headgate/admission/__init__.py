"""One admission, in the order in which it happens: revision, facts, judging, set-wide rules, recording."""
