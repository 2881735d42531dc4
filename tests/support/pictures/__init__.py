"""Photographs and videos that tests make: turned, shown in turn, moving, with headers that lie."""
