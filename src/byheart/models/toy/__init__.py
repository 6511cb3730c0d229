"""Models with known answers: closed forms, oracles, a server to try things on."""
