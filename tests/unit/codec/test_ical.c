/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/ical.h"

#include <errno.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "test.h"

static const char nextcloud[] =
	"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Nextcloud Tasks "
	"v0.15.0\r\nBEGIN:VTODO\r\nCREATED:20261101T090000Z\r\n"
	"DESCRIPTION:first\\, "
	"second\\nthird\r\nDTSTAMP:20261102T090000Z\r\nDUE;TZID=Europe/Berlin:20261125T170000\r\n"
	"LAST-MODIFIED:20261102T090000Z\r\nPERCENT-COMPLETE:40\r\nPRIORITY:1\r\nSTATUS:IN-PROCESS\r\nSUMMARY:"
	"Draft moodboard\r\n"
	"UID:nc-1\r\nX-OC-HIDESUBTASKS:0\r\nCATEGORIES:design,brand\r\nBEGIN:VALARM\r\nACTION:"
	"DISPLAY\r\nSUMMARY:alarm\r\n"
	"TRIGGER;RELATED=END:-PT15M\r\nEND:VALARM\r\nEND:VTODO\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/"
	"Berlin\r\nEND:VTIMEZONE\r\n"
	"END:VCALENDAR\r\n";

static const char apple[] = "BEGIN:VCALENDAR\nCALSCALE:GREGORIAN\nBEGIN:VTODO\nRECURRENCE-ID:"
			    "20261101T080000Z\nUID:a-1\nSUMMARY:exception\n"
			    "END:VTODO\nBEGIN:VTODO\nUID:a-1\nSUMMARY:Water "
			    "plants\nDTSTART:20261101T080000Z\nDUE:20261101T080000Z\n"
			    "RRULE:FREQ=WEEKLY;BYDAY=MO,WE\nX-APPLE-SORT-ORDER:1\nEND:VTODO\nEND:VCALENDAR\n";

static const char event[] =
	"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:e-1\r\nSUMMARY:Due\r\n"
	"DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270101\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

static struct ical *parse(const char *text)
{
	struct ical *i = NULL;
	struct err e = {0};

	if (ical_parse(text, strlen(text), &i, &e) < 0) {
		printf("# %s\n", e.text);
		exit(1);
	}
	return i;
}

static char *printed(const struct ical *i)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);

	check_int(ical_print(i, &b), 0);
	return buf_steal(&b);
}

static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (!at) {
		printf("# the sample has no %s\n", from);
		exit(1);
	}
	return str_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void check_date_change(
	const char *text, const char *property, const char *date, const char *from, const char *to)
{
	_cleanup_(ical_freep) struct ical *i = parse(text);
	_cleanup_(mem_freep) char *want = replaced(text, from, to), *now = NULL;

	ical_set_date(i, property, date);
	now = printed(i);
	check_text(now, want);
}

TEST(tasks_of_other_programs_are_read)
{
	_cleanup_(ical_freep) struct ical *n = parse(nextcloud), *a = parse(apple), *v = parse(event);
	_cleanup_(mem_freep) char *summary = ical_text(n, "SUMMARY"), *notes = ical_text(n, "DESCRIPTION");
	_cleanup_(mem_freep) char *plants = ical_text(a, "SUMMARY");
	_cleanup_json_ cJSON *tags = ical_tags(n, "CATEGORIES");
	_cleanup_(mem_freep) char *list = json_print(tags);
	char date[11];

	check_text(ical_component(n), "VTODO");
	check_text(summary, "Draft moodboard");
	check_text(notes, "first, second\nthird");
	check_text(ical_raw(n, "STATUS"), "IN-PROCESS");
	check_text(ical_raw(n, "LOCATION"), NULL);
	check_text(list, "[\"design\",\"brand\"]");
	check_int(ical_date(n, "DUE", date), 0);
	check_text(date, "2026-11-25");
	check_int(ical_date(n, "DTSTART", date), -ENOENT);
	check(!ical_repeats(n));
	check_int(ical_changed(n), INT64_C(1793610000000));
	check_text(plants, "Water plants");
	check(ical_repeats(a));
	check_text(ical_component(v), "VEVENT");
}

TEST(one_change_leaves_every_other_byte)
{
	_cleanup_(ical_freep) struct ical *i = parse(nextcloud);
	_cleanup_(mem_freep) char *want = replaced(
					  nextcloud, "SUMMARY:Draft moodboard", "SUMMARY:Draft\\; 2"),
				  *now = NULL;
	_cleanup_(mem_freep) char *gone = NULL, *with = NULL, *back = NULL;

	ical_set_text(i, "SUMMARY", "Draft; 2");
	now = printed(i);
	check_text(now, want);
	ical_set_text(i, "SUMMARY", "Draft moodboard");
	ical_set_text(i, "DESCRIPTION", NULL);
	gone = printed(i);
	back = replaced(nextcloud, "DESCRIPTION:first\\, second\\nthird\r\n", "");
	check_text(gone, back);
	ical_set_raw(i, "COMPLETED", "20261125T100000Z");
	with = printed(i);
	check(strstr(with, "brand\r\nCOMPLETED:20261125T100000Z\r\nBEGIN:VALARM\r\n") != NULL);
	ical_touch(i, INT64_C(1795429353000));
	check_int(ical_changed(i), INT64_C(1795429353000));
	check_text(ical_raw(i, "DTSTAMP"), "20261123T102233Z");
	check_text(ical_raw(i, "CREATED"), "20261101T090000Z");
}

TEST(days_keep_their_time_and_zone)
{
	check_date_change(nextcloud, "DUE", "2026-12-01", "Berlin:20261125T170000", "Berlin:20261201T170000");
	check_date_change(nextcloud, "DUE", NULL, "DUE;TZID=Europe/Berlin:20261125T170000\r\n", "");
	check_date_change(nextcloud, "DUE", "2026-11-25", "UID", "UID");
	check_date_change(nextcloud, "DTSTART", "2026-11-20", "brand\r\n",
		"brand\r\nDTSTART;TZID=Europe/Berlin:20261120T000000\r\n");
	check_date_change(apple, "DUE", "2026-12-01", "DUE:20261101T080000Z", "DUE:20261201T080000Z");
	check_date_change(event, "DTSTART", "2027-02-27",
		"DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270101",
		"DTSTART;VALUE=DATE:20270227\r\nDTEND;VALUE=DATE:20270228");
	check_date_change("BEGIN:VCALENDAR\nBEGIN:VTODO\nDTSTART:20261101T080000Z\nDURATION:PT1H\nEND:"
			  "VTODO\nEND:VCALENDAR\n",
		"DUE", "2026-11-02", "DURATION:PT1H", "DUE:20261102T235900Z");
	check_date_change("BEGIN:VCALENDAR\nBEGIN:VTODO\nDUE:soon\nDUE:later\nEND:VTODO\nEND:VCALENDAR\n",
		"DUE", "2026-11-02", "DUE:soon\nDUE:later", "DUE;VALUE=DATE:20261102");
	check_date_change("BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:1\nEND:VTODO\nEND:VCALENDAR\n", "DUE",
		"2026-11-02", "END:VTODO", "DUE;VALUE=DATE:20261102\nEND:VTODO");
}

TEST(new_tasks)
{
	_cleanup_(ical_freep) struct ical *i = ical_new("VTODO", "u-1", INT64_C(1795429353000));
	_cleanup_(mem_freep) char *text = NULL;

	ical_set_text(i, "SUMMARY", "Call");
	text = printed(i);
	check(strstr(text, "BEGIN:VTODO\r\nUID:u-1\r\nDTSTAMP:20261123T102233Z\r\n") != NULL);
	check(strstr(text, "SUMMARY:Call\r\nEND:VTODO\r\nEND:VCALENDAR\r\n") != NULL);
}

TEST(what_is_no_calendar_is_refused)
{
	static const char *const texts[] = {"", "BEGIN:VCARD\nEND:VCARD\n",
		"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "BEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VTODO\n",
		"BEGIN:VTODO\nEND:VTODO\n"};
	struct ical *i = NULL;
	struct err e = {0};

	for (size_t n = 0; n < ARRAY_LEN(texts); n++) {
		err_clear(&e);
		check_int(ical_parse(texts[n], strlen(texts[n]), &i, &e), -EINVAL);
		check(e.text[0]);
	}
}

TEST_MAIN(TEST_RUN(tasks_of_other_programs_are_read), TEST_RUN(one_change_leaves_every_other_byte),
	TEST_RUN(days_keep_their_time_and_zone), TEST_RUN(new_tasks),
	TEST_RUN(what_is_no_calendar_is_refused))
