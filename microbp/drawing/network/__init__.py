"""A network as texts draw it: neurons as circles in columns, each weight on its edge."""
