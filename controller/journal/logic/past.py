"""How much of the past counts."""

from datetime import timedelta

PAST_KEPT = timedelta(days=30)
PAST_AT_MOST = 500
