/* SPDX-License-Identifier: Apache-2.0 */
/* date - calendar dates and instants as text.        Threads: any. */
#pragma once

#include <stdint.h>

/* date_valid - "2026-11-23", a day that exists (Gregorian, years 1 to 9999) */
_Bool date_valid(const char *text);

/**
 * date_parse - a date in one of the forms that people and tools write, as "YYYY-MM-DD"
 * @format: strptime-like with %Y %m %d %y %b and literals, or NULL for ISO 8601 (a time behind it is cut off)
 *
 * Returns 0 or -EINVAL.
 */
int date_parse(const char *text, const char *format, char ret[11]);

/* date_format - writes "YYYY-MM-DD" in @format (NULL: unchanged) into @ret. 0, or -EINVAL for no valid date. */
int date_format(const char *date, const char *format, char *ret, unsigned size);

/* instant_parse - RFC 3339 ("2026-11-23T10:22:33.537Z", "+01:00" offsets too) as UTC milliseconds. 0 or -EINVAL. */
int instant_parse(const char *text, int64_t *ret_ms);

/* The following take valid dates ("YYYY-MM-DD"). -ERANGE outside the years 1 to 9999. */

/* date_days - days since 1970-01-01; date_of_days() is the way back. 0 or -ERANGE. */
int64_t date_days(const char *date);
int date_of_days(int64_t days, char ret[11]);

/* date_add_months - the same day so many months later, or the last of a shorter month */
int date_add_months(const char *date, int64_t months, char ret[11]);

/* date_month_end - the last day of that month */
int date_month_end(const char *date, char ret[11]);

/* date_add_workdays - @days working days (Monday to Friday) later; 0: that day, or the Monday after it */
int date_add_workdays(const char *date, int64_t days, char ret[11]);

/* date_local - the day it is here at that time (UTC), by the time zone of the machine; and the minute of the day, 0 to 1439 */
void date_local(int64_t ms, char ret[11], int *ret_minute);
