nr_fuzz(requests LINKS nr_noded)
