# Run when the project is installed: brings the pages for users into the form that they have in one folder. Links from one to another
# go on to lead there; what links into the source becomes plain words.
#
# Takes pages (files) and out (the folder that gets them).
set(inside "src|include|proto|examples|tools|tests|deploy|limits\\.h|vectors|CONTRIBUTING\\.md|CHANGELOG\\.md")
foreach(page IN LISTS pages)
  get_filename_component(name ${page} NAME)
  file(READ ${page} text)
  string(REGEX REPLACE "\\]\\(deploy/([A-Za-z]+\\.(md|yaml))\\)" "](\\1)" text "${text}")
  string(REGEX REPLACE "\\]\\((\\.\\./)?proto/README\\.md\\)" "](protocol/README.md)" text "${text}")
  string(REGEX REPLACE "\\[([^]]*)\\]\\((\\.\\./)?(${inside})(/[^)]*)?\\)" "\\1" text "${text}")
  file(WRITE ${out}/${name} "${text}")
endforeach()
