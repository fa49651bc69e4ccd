"""gpuyield's own metrics, one file per part of the world they speak of (DESIGN section 4)."""
