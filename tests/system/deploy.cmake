# deploy/: packages, units, containers, firewall, deployment over ssh. None of it is about the programs' insides: as shipped only.
if(NOT NR_SANITIZE)
  nr_system_test(firewall_nft SCRIPT firewall.py ARGS nft)
  nr_system_test(firewall_ufw SCRIPT firewall.py ARGS ufw)
  nr_system_test(package TIMEOUT 600 LOCKS machine)
  nr_system_test(container TIMEOUT 300)
  nr_system_test(units TIMEOUT 600 LOCKS machine)
  nr_system_test(deploy TIMEOUT 400 LOCKS machine)
endif()
