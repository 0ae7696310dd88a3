nr_fuzz(sources LINKS nodeprobe_parts)
