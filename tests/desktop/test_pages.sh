# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1091
# seconds: 120
# The pages in reports/ open from the mount in a real browser, without a word on its console: wide, on a phone, dark, on paper.
. "$SRC/tests/system/lib.sh"
"$SRC/tests/system/make_books.py" 100
cat >stack.json <<'END'
{
  "company": "Rig & <Sons>", "currency": "EUR", "state": "state", "poll": "1s",
  "tools": {"sheets": {"connector": "csv", "types": {"client": {"file": "clients.csv"}, "invoice": {"file": "invoices.csv"},
    "payment": {"file": "payments.csv"}}}},
  "owners": {"client": "sheets", "invoice": "sheets", "payment": "sheets"}
}
END
mount_pulled 60

browser() { # FILE OPTION...
	local file=$1
	shift
	timeout 60 chromium --headless=new --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --enable-logging=stderr \
		--hide-scrollbars "$@" "file://$file" 2>browser.log
}
console() { grep -F 'CONSOLE' browser.log; }

printf '<meta http-equiv="Content-Security-Policy" content="default-src %s"><script>1</script>' "'none'" >bad.html
browser "$PWD/bad.html" --screenshot="$PWD/bad.png"
check "the console is heard" console
for page in dashboard stack; do
	for look in wide:--window-size=1280,2400 phone:--window-size=390,2400 dark:--blink-settings=preferredColorScheme=0; do
		name=${SEAMFS_TEST_SHOTS:-$PWD}/$page-${look%%:*}.png
		rm -f "$name"
		browser "$M/reports/$page.html" "${look#*:}" --screenshot="$name"
		check "$page, ${look%%:*}: there is a picture" test -s "$name"
		check_equal "$page, ${look%%:*}: the console is silent" "$(console)" ""
	done
	browser "$M/reports/$page.html" --no-pdf-header-footer --print-to-pdf="$PWD/$page.pdf"
	check_contains "$page: prints on A4" "$(grep -a -o 'MediaBox \[[^]]*\]' "$page.pdf" | head -n 1)" "[0 0 59"
done
unmount
