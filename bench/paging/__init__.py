"""The figures of paging, beside models of the rules that other tools follow."""
