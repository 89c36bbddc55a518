"""Compiles facts and rules to one parameterised statement and runs it; never writes."""
