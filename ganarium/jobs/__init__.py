"""Jobs side by side, in processes of one thread each, forked from one warm parent."""
