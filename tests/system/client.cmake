# The Python client of tools/clients/python, and how it installs.
nr_system_test(client_answers)
nr_system_test(client_failures)
nr_system_test(client_package ONCE)
