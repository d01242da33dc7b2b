"""The data of the core: uploads, profiles, rules, plans and names, as values without any I/O."""
