/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/date.h"

#include <errno.h>
#include <time.h>

#include "test.h"

TEST(dates)
{
	char date[11], text[32];

	check(date_valid("2024-02-29"));
	check(!date_valid("2023-02-29"));
	check(!date_valid("2026-1-01"));
	check(!date_valid("2026-01-01T"));
	check_int(date_parse("2026-11-23T10:00:00Z", NULL, date), 0);
	check_text(date, "2026-11-23");
	check_int(date_parse("23.11.2026", "%d.%m.%Y", date), 0);
	check_text(date, "2026-11-23");
	check(date_parse("31.02.2026", "%d.%m.%Y", date) < 0);
	check_int(date_format("2026-11-23", "%m/%d/%Y", text, sizeof(text)), 0);
	check_text(text, "11/23/2026");
}

TEST(instants)
{
	int64_t ms = 0;

	check_int(instant_parse("1970-01-01T00:00:01.25Z", &ms), 0);
	check_int(ms, 1250);
	check_int(instant_parse("1970-01-01T01:00:00+01:00", &ms), 0);
	check_int(ms, 0);
	check(instant_parse("1970-01-01T25:00:00Z", &ms) < 0);
	check(instant_parse("yesterday", &ms) < 0);
}

static void check_months(const char *date, int months, const char *want)
{
	char got[11] = "";

	check_int(date_add_months(date, months, got), 0);
	check_text(got, want);
}

static void check_workdays(const char *date, int days, const char *want)
{
	char got[11] = "";

	check_int(date_add_workdays(date, days, got), 0);
	check_text(got, want);
}

TEST(reckoning)
{
	char got[11];

	check_int(date_days("1970-01-01"), 0);
	check_int(date_days("2000-03-01"), 11017);
	check_int(date_days("1969-12-31"), -1);
	for (int64_t day = date_days("1895-01-01"); day < date_days("2105-01-01"); day += 13) {
		check_int(date_of_days(day, got), 0);
		check_int(date_days(got), day);
	}
	check_int(date_of_days(date_days("9999-12-31") + 1, got), -ERANGE);
	check_int(date_of_days(date_days("0001-01-01") - 1, got), -ERANGE);
	check_months("2026-01-31", 1, "2026-02-28");
	check_months("2028-01-31", 1, "2028-02-29");
	check_months("2026-01-31", -2, "2025-11-30");
	check_months("2026-12-15", 1, "2027-01-15");
	check_int(date_add_months("9999-12-01", 1, got), -ERANGE);
	check_int(date_month_end("2028-02-10", got), 0);
	check_text(got, "2028-02-29");
	check_workdays("2026-11-27", 0, "2026-11-27"); /* a Friday */
	check_workdays("2026-11-28", 0, "2026-11-30");
	check_workdays("2026-11-27", 1, "2026-11-30");
	check_workdays("2026-11-28", 1, "2026-12-01");
	check_workdays("1969-12-31", 3, "1970-01-05");
}

/* What the clock on the wall says when it is put forward and back. */
TEST(days_of_the_machine)
{
	static const struct {
		const char *instant, *day;
		int minute;
	} cases[] = {
		{"2026-03-29T00:59:59Z", "2026-03-29", 119},
		{"2026-03-29T01:00:00Z", "2026-03-29", 180},
		{"2026-10-25T00:30:00Z", "2026-10-25", 150},
		{"2026-10-25T01:30:00Z", "2026-10-25", 150},
		{"2026-10-24T22:00:00Z", "2026-10-25", 0},
		{"2026-12-31T22:59:59Z", "2026-12-31", 1439},
		{"2026-12-31T23:00:00Z", "2027-01-01", 0},
	};

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char day[11] = "";
		int minute = -1;
		int64_t ms = 0;

		check_int(instant_parse(cases[i].instant, &ms), 0);
		date_local(ms, day, &minute);
		check_text(day, cases[i].day);
		check_int(minute, cases[i].minute);
	}
}

TEST_MAIN(TEST_RUN(dates), TEST_RUN(instants), TEST_RUN(reckoning), TEST_RUN(days_of_the_machine))
