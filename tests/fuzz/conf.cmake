nr_fuzz(config LINKS nr_conf nr_base)
