/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/vcard.h"

#include <errno.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "test.h"

/* ---- as programs write them ---- */

static const char khard[] =
	"BEGIN:VCARD\nVERSION:3.0\nADR;TYPE=home:;;Main Street 1;Berlin;;10115;Germany\n"
	"CATEGORIES:friends,customers\nEMAIL;TYPE=home:jane@home.example\n"
	"EMAIL;TYPE=PREF,work:jane@northwind.example\nFN:Dr. Jane Mary Doe\n"
	"N:Doe;Jane;Mary;Dr.;\nNOTE:two\\nlines\\, one comma\nORG:Northwind Traders;Sales\n"
	"REV:2026-11-20T08:00:00Z\nTEL;TYPE=CELL,VOICE:+49 30 1\nTITLE:Head of Sales\nUID:khard-1\n"
	"END:VCARD\n";

/* Debian's khard 0.17 itself, with preferred_version 3.0 and 4.0. */
#define KHARD_ADDRESS                                                                                        \
	"ADR;TYPE=home:;2nd floor;Long Street With A Very Long Name Indeed 1234;Berl\r\n "                   \
	"in;;10115;Germany\r\n"
static const char khard3[] =
	"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:tj5u8k3jz99x3twegn89za8dhj9jkfjwjr48\r\n" KHARD_ADDRESS
	"BDAY:1980-01-02\r\nCATEGORIES:vip\\, customers\r\nEMAIL;TYPE=work,pref:j@ernst.example\r\n"
	"EMAIL;TYPE=home:j@home.example\r\nFN:Dr. Jürgen von der Öde\r\nN:von der Öde;Jürgen;Maria;Dr.;\r\n"
	"NICKNAME:Jay\r\nNOTE:first line\\nsecond\\, line\\; with marks\r\nORG:Ernst\\, Söhne & Co\r\n"
	"REV:20261125T141506Z\r\nTEL;TYPE=cell,pref:+49 30 1\r\nTEL;TYPE=work:+49 30 2\r\nTITLE:Head\\; "
	"Sales\r\n"
	"URL:https://ernst.example/?a=1\\,2\r\nX-TWITTER:jay\r\nEND:VCARD\r\n";
static const char khard4[] =
	"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:crdggpngm6yf86vr9ahb22k74bypbbu0bjyr\r\n" KHARD_ADDRESS
	"BDAY:19800102\r\nCATEGORIES:vip\\, customers\r\nEMAIL;PREF=1;TYPE=work:j@ernst.example\r\n"
	"EMAIL;TYPE=home:j@home.example\r\nFN:Dr. Jürgen von der Öde\r\nN:von der Öde;Jürgen;Maria;Dr.;\r\n"
	"NICKNAME:Jay\r\nNOTE:first line\\nsecond\\, line\\; with marks\r\nORG:Ernst\\, Söhne & Co\r\n"
	"REV:20261125T141507Z\r\nTEL;PREF=1;TYPE=cell;VALUE=uri:tel:+49 30 1\r\n"
	"TEL;TYPE=work;VALUE=uri:tel:+49 30 2\r\nTITLE:Head\\; "
	"Sales\r\nURL:https://ernst.example/?a=1\\,2\r\n"
	"X-TWITTER:jay\r\nEND:VCARD\r\n";

static const char apple[] =
	"BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iOS 17.1//EN\r\nN:Traders;;;;\r\nFN:Northwind "
	"Traders\r\n"
	"ORG:Northwind Traders;\r\nX-ABShowAs:COMPANY\r\n"
	"item1.EMAIL;type=INTERNET;type=pref:office@northwind.example\r\nitem1.X-ABLabel:_$!<Work>!$_\r\n"
	"item2.ADR;type=WORK;type=pref:;;Dock 4\\nGate B;Portland;OR;97201;United States\r\n"
	"item2.X-ABADR:us\r\nitem3.URL;type=pref:https\\://"
	"northwind.example\r\nitem3.X-ABLabel:_$!<HomePage>!$_\r\n"
	"TEL;type=FAX:+1 503 9\r\nTEL;type=WORK;type=VOICE:+1 503 1\r\n"
	"PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQ\r\n"
	" EBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==\r\nX-ABUID:5AD380FD\\:ABPerson\r\nUID:apple-"
	"1\r\nEND:VCARD\r\n";

static const char google[] =
	"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:José Niño\r\nN:Niño;José;;;\r\n"
	"EMAIL;TYPE=INTERNET;TYPE=WORK:jose@lumiere.example\r\nTEL;TYPE=CELL:tel:+33-1\r\n"
	"ORG:Café Lumière\r\nCATEGORIES:myContacts\r\nEND:VCARD\r\n";

static const char evolution[] =
	"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\r\nKIND:"
	"individual\r\n"
	"FN;PREF=1:Jane Doe\r\nFN:J. "
	"Doe\r\nEMAIL;PREF=2:second@x.example\r\nEMAIL;PREF=1;TYPE=work:first@x.example\r\n"
	"TEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-555-555\r\nX-EVOLUTION-FILE-AS:Doe\\, Jane\r\n"
	"X-EVOLUTION-VIDEO-URL:\r\nROLE:Buyer\r\nREV:20261120T080000Z\r\nEND:VCARD\r\n";

static const char nextcloud[] =
	"BEGIN:VCARD\r\nVERSION:4.0\r\nPRODID:-//Sabre//Sabre VObject 4.5.4//EN\r\n"
	"UID:nc-1\r\nKIND:org\r\nFN:Ernst & Söhne\r\nADR;TYPE=WORK:;;;;;;\r\nEMAIL;TYPE=WORK:\r\n"
	"X-SOCIALPROFILE;TYPE=mastodon:@ernst\r\nREV;VALUE=DATE-AND-OR-TIME:20261120T080000Z\r\n"
	"END:VCARD\r\n";

static struct vcard *parse(const char *text)
{
	struct vcard *v = NULL;
	struct err e = {0};

	if (vcard_parse(text, strlen(text), &v, &e) < 0) {
		printf("# %s\n", e.text);
		exit(1);
	}
	return v;
}

#define check_part(card, part, want)                                                                         \
	do {                                                                                                 \
		char *part_ = vcard_get(card, part);                                                         \
		check_text(part_, want);                                                                     \
		free(part_);                                                                                 \
	} while (0)

/* The card as it was, but @from is @to. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (!at) {
		printf("# the sample has no %s\n", from);
		exit(1);
	}
	return str_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void check_change(
	const char *text, enum vcard_part part, const char *value, const char *from, const char *to)
{
	_cleanup_(vcard_freep) struct vcard *v = parse(text);
	_cleanup_(mem_freep) char *want = replaced(text, from, to);
	_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_TEXT);

	vcard_set(v, part, value);
	check_int(vcard_print(v, &b), 0);
	check_text(buf_text(&b), want);
	check_part(v, part, value);
}

TEST(cards_of_other_programs_are_read)
{
	_cleanup_(vcard_freep) struct vcard *k = parse(khard), *a = parse(apple), *g = parse(google);
	_cleanup_(vcard_freep) struct vcard *v = parse(evolution), *n = parse(nextcloud);
	_cleanup_json_ cJSON *tags = vcard_tags(k);
	_cleanup_(mem_freep) char *list = json_print(tags);

	check_int(vcard_kind(k), VCARD_PERSON);
	check_part(k, VCARD_NAME, "Dr. Jane Mary Doe");
	check_part(k, VCARD_EMAIL, "jane@northwind.example");
	check_part(k, VCARD_PHONE, "+49 30 1");
	check_part(k, VCARD_COMPANY_NAME, "Northwind Traders");
	check_part(k, VCARD_ROLE, "Head of Sales");
	check_part(k, VCARD_STREET, "Main Street 1");
	check_part(k, VCARD_CITY, "Berlin");
	check_part(k, VCARD_ZIP, "10115");
	check_part(k, VCARD_COUNTRY, "Germany");
	check_part(k, VCARD_NOTE, "two\nlines, one comma");
	check_part(k, VCARD_URL, NULL);
	check_part(k, VCARD_UID, "khard-1");
	check_text(list, "[\"friends\",\"customers\"]");
	check_int(vcard_changed(k), INT64_C(1795161600000));
	check_int(vcard_kind(a), VCARD_COMPANY);
	check_part(a, VCARD_PHONE, "+1 503 1");
	check_part(a, VCARD_STREET, "Dock 4, Gate B");
	check_part(a, VCARD_URL, "https://northwind.example");
	check_int(vcard_kind(g), VCARD_PERSON);
	check_part(g, VCARD_PHONE, "+33-1");
	check_part(g, VCARD_COMPANY_NAME, "Café Lumière");
	check_int(vcard_kind(v), VCARD_PERSON);
	check_part(v, VCARD_EMAIL, "first@x.example");
	check_part(v, VCARD_PHONE, "+1-555-555");
	check_part(v, VCARD_ROLE, "Buyer");
	check_int(vcard_kind(n), VCARD_COMPANY);
	check_part(n, VCARD_EMAIL, NULL);
	check_part(n, VCARD_CITY, NULL);
	check_int(vcard_changed(n), INT64_C(1795161600000));
}

TEST(cards_of_khard_are_read)
{
	static const char *const cards[] = {khard3, khard4};

	for (size_t i = 0; i < ARRAY_LEN(cards); i++) {
		_cleanup_(vcard_freep) struct vcard *v = parse(cards[i]);
		_cleanup_json_ cJSON *tags = vcard_tags(v);
		_cleanup_(mem_freep) char *list = json_print(tags);

		check_int(vcard_kind(v), VCARD_PERSON);
		check_part(v, VCARD_NAME, "Dr. Jürgen von der Öde");
		check_part(v, VCARD_EMAIL, "j@ernst.example");
		check_part(v, VCARD_PHONE, "+49 30 1");
		check_part(v, VCARD_COMPANY_NAME, "Ernst, Söhne & Co");
		check_part(v, VCARD_ROLE, "Head; Sales");
		check_part(v, VCARD_STREET, "Long Street With A Very Long Name Indeed 1234");
		check_part(v, VCARD_CITY, "Berlin");
		check_part(v, VCARD_NOTE, "first line\nsecond, line; with marks");
		check_part(v, VCARD_URL, "https://ernst.example/?a=1,2");
		check_text(list, "[\"vip, customers\"]");
		check_change(cards[i], VCARD_EMAIL, "n@x.example", "j@ernst.example", "n@x.example");
		check_change(cards[i], VCARD_CITY, "Bonn", "1234;Berl\r\n in;;", "1234;Bonn\r\n ;;");
	}
}

TEST(one_change_leaves_every_other_byte)
{
	check_change(khard, VCARD_EMAIL, "j@x.example", "jane@northwind.example", "j@x.example");
	check_change(
		khard, VCARD_COMPANY_NAME, "Ernst, Söhne", "ORG:Northwind Traders;", "ORG:Ernst\\, Söhne;");
	check_change(khard, VCARD_CITY, "Bonn", ";Berlin;", ";Bonn;");
	check_change(khard, VCARD_NOTE, NULL, "NOTE:two\\nlines\\, one comma\n", "");
	check_change(khard, VCARD_URL, "https://x.example/?a=1,2", "END:VCARD\n",
		"URL:https://x.example/?a=1,2\nEND:VCARD\n");
	check_change(apple, VCARD_STREET, "Dock 5", "Dock 4\\nGate B", "Dock 5");
	check_change(apple, VCARD_PHONE, "+1 503 2", "+1 503 1", "+1 503 2");
	check_change(apple, VCARD_URL, NULL,
		"item3.URL;type=pref:https\\://northwind.example\r\nitem3.X-ABLabel:_$!<HomePage>!$_\r\n",
		"");
	check_change(evolution, VCARD_EMAIL, "n@x.example", "first@x.example", "n@x.example");
	check_change(evolution, VCARD_ROLE, "Seller", "ROLE:Buyer", "ROLE:Seller");
	check_change(evolution, VCARD_PHONE, "+1 555 556", "TEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-555-555",
		"TEL;TYPE=\"voice,home\":+1 555 556");
	check_change(
		nextcloud, VCARD_EMAIL, "e@x.example", "EMAIL;TYPE=WORK:", "EMAIL;TYPE=WORK:e@x.example");
	check_change(nextcloud, VCARD_CITY, "Köln", ":;;;;;;", ":;;;Köln;;;");
	check_change(google, VCARD_PHONE, NULL, "TEL;TYPE=CELL:tel:+33-1\r\n", "");
}

TEST(the_same_text_changes_nothing)
{
	static const char *const cards[] = {khard, khard3, khard4, apple, google, evolution, nextcloud};

	for (size_t i = 0; i < ARRAY_LEN(cards); i++) {
		_cleanup_(vcard_freep) struct vcard *v = parse(cards[i]);
		_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_TEXT);
		_cleanup_json_ cJSON *tags = vcard_tags(v);

		for (enum vcard_part part = 0; part < VCARD_PART_COUNT; part++) {
			_cleanup_(mem_freep) char *text = vcard_get(v, part);

			vcard_set(v, part, text);
		}
		vcard_set_tags(v, tags);
		vcard_print(v, &b);
		check_text(buf_text(&b), cards[i]);
	}
}

TEST(a_new_name_is_one_in_both_places)
{
	static const struct {
		const char *n, *fn, *name, *want;
	} rows[] = {
		{"Doe;Jane;Mary;Dr.;", "Dr. Jane Mary Doe", "Dr. Janet Mary Doe", "Doe;Janet;Mary;Dr.;"},
		{"Doe;Jane;Mary;Dr.;", "Dr. Jane Mary Doe", "Jane Smith", "Smith;Jane;;;"},
		{"van der Berg;Jan;;;", "Jan van der Berg", "Joop van der Berg", "van der Berg;Joop;;;"},
		{"Doe;Jane;;;PhD", "Jane Doe, PhD", "Jane Roe, PhD", "Roe;Jane;;;PhD"},
		{"Doe;Jane;Mary;Dr.;PhD", "Jane Doe", "Janet Roe", "Roe;Janet;Mary;Dr.;PhD"},
		{"Doe;Jane;;;", "Jane Doe", "Madonna", ";Madonna;;;"},
		{"Doe;Jane;;;", "Jane Doe", "Doe", ";Doe;;;"},
		{"", "Jane", "Jane; Doe", "Doe;Jane\\;;;;"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(mem_freep) char *text = str_format(
			"BEGIN:VCARD\nVERSION:3.0\nN:%s\nFN:%s\nEND:VCARD\n", rows[i].n, rows[i].fn);
		_cleanup_(vcard_freep) struct vcard *v = parse(text);
		_cleanup_(mem_freep) char *want = str_format("\nN:%s\n", rows[i].want);
		_cleanup_(buf_finish) struct buf b = BUF_INIT(BUF_MAX_TEXT);

		vcard_set(v, VCARD_NAME, rows[i].name);
		vcard_print(v, &b);
		check_part(v, VCARD_NAME, rows[i].name);
		if (!strstr(buf_text(&b), want))
			check_text(buf_text(&b), want);
	}
}

TEST(a_company_is_renamed_in_all_places)
{
	_cleanup_(vcard_freep) struct vcard *v = parse(apple);

	vcard_set(v, VCARD_NAME, "Southwind");
	check_part(v, VCARD_NAME, "Southwind");
	check_part(v, VCARD_COMPANY_NAME, "Southwind");
	check_int(vcard_kind(v), VCARD_COMPANY);
}

TEST(kinds)
{
	static const struct {
		const char *lines;
		enum vcard_kind kind;
	} rows[] = {
		{"FN:Jane Doe", VCARD_PERSON},
		{"FN:Jane Doe\nN:Doe;Jane;;;\nORG:Acme", VCARD_PERSON},
		{"FN:Jane Doe\nORG:Acme", VCARD_PERSON},
		{"FN:acme\nN:;;;;\nORG:Acme;Sales", VCARD_COMPANY},
		{"ORG:Acme", VCARD_COMPANY},
		{"FN:Acme\nKIND:org", VCARD_COMPANY},
		{"FN:Acme\nORG:Acme\nKIND:individual", VCARD_PERSON},
		{"FN:All\nKIND:group", VCARD_OTHER},
		{"FN:All\nN:All;;;;\nX-ADDRESSBOOKSERVER-KIND:group", VCARD_OTHER},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(mem_freep) char *text =
			str_format("BEGIN:VCARD\nVERSION:3.0\n%s\nEND:VCARD\n", rows[i].lines);
		_cleanup_(vcard_freep) struct vcard *v = parse(text);

		check_int(vcard_kind(v), rows[i].kind);
	}
}

TEST(new_cards)
{
	_cleanup_(vcard_freep) struct vcard *person = vcard_new("u-1", VCARD_PERSON);
	_cleanup_(vcard_freep) struct vcard *company = vcard_new("u-2", VCARD_COMPANY);
	_cleanup_(buf_finish) struct buf a = BUF_INIT(BUF_MAX_TEXT), b = BUF_INIT(BUF_MAX_TEXT);

	vcard_set(person, VCARD_NAME, "Jane Doe");
	vcard_set(person, VCARD_COMPANY_NAME, "Acme; Sons");
	vcard_set(company, VCARD_NAME, "Acme");
	vcard_set(company, VCARD_COUNTRY, "DE");
	vcard_set(company, VCARD_STREET, "Dock 1");
	vcard_print(person, &a);
	vcard_print(company, &b);
	check_text(buf_text(&a), "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u-1\r\nFN:Jane Doe\r\nN:Doe;Jane;;;\r\n"
				 "ORG:Acme\\; Sons\r\nEND:VCARD\r\n");
	check_text(buf_text(&b), "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u-2\r\nN:;;;;\r\nX-ABShowAs:"
				 "COMPANY\r\nORG:Acme\r\nFN:Acme\r\n"
				 "ADR;TYPE=WORK:;;Dock 1;;;;DE\r\nEND:VCARD\r\n");
	check_int(vcard_kind(person), VCARD_PERSON);
	check_int(vcard_kind(company), VCARD_COMPANY);
}

TEST(a_card_says_when_it_was_changed)
{
	_cleanup_(vcard_freep) struct vcard *k = parse(khard), *e = parse(evolution), *g = parse(google);

	vcard_touch(k, INT64_C(1795429353537));
	vcard_touch(e, INT64_C(1795429353537));
	vcard_touch(g, INT64_C(1795429353537));
	check_int(vcard_changed(k), INT64_C(1795429353000));
	check_int(vcard_changed(e), INT64_C(1795429353000));
	check_int(vcard_changed(g), 0);
}

TEST(what_is_no_card_is_refused)
{
	static const char *const texts[] = {"", "hello", "BEGIN:VCALENDAR\nEND:VCALENDAR\n",
		"BEGIN:VCARD\nFN:x\n", "BEGIN:VCARD\nVERSION:2.1\nFN:x\nEND:VCARD\n"};
	struct vcard *v = NULL;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		err_clear(&e);
		check_int(vcard_parse(texts[i], strlen(texts[i]), &v, &e), -EINVAL);
		check(e.text[0]);
	}
}

/* Minutes of work, where each line is looked for from the start. */
TEST(a_card_of_many_lines_is_read_soon)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	_cleanup_(vcard_freep) struct vcard *v = NULL;
	_cleanup_(mem_freep) char *phone = NULL;

	buf_puts(&b, "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\n");
	for (int i = 0; i < 200000; i++)
		buf_puts(&b, "TEL:\r\n");
	buf_puts(&b, "TEL:+49 30 1\r\nEND:VCARD\r\n");
	check_int(vcard_parse(buf_text(&b), b.len, &v, NULL), 0);
	phone = vcard_get(v, VCARD_PHONE);
	check_text(phone, "+49 30 1");
	buf_finish(&b);
}

TEST_MAIN(TEST_RUN(cards_of_other_programs_are_read), TEST_RUN(cards_of_khard_are_read),
	TEST_RUN(one_change_leaves_every_other_byte), TEST_RUN(the_same_text_changes_nothing),
	TEST_RUN(a_new_name_is_one_in_both_places), TEST_RUN(a_company_is_renamed_in_all_places),
	TEST_RUN(kinds), TEST_RUN(new_cards), TEST_RUN(a_card_says_when_it_was_changed),
	TEST_RUN(what_is_no_card_is_refused), TEST_RUN(a_card_of_many_lines_is_read_soon))
