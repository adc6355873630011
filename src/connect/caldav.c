/* SPDX-License-Identifier: Apache-2.0 */
/* The caldav connector: a calendar (RFC 4791) of tasks, and of the days on which invoices and projects are due. */
#include <string.h>

#include "connect/dav_entries.h"
#include "connect/drivers.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/model/agenda.h"

static int read_entry(const char *text, size_t len, enum type_id *ret_type, cJSON **ret_doc,
	int64_t *ret_changed_ms, struct err *e)
{
	_cleanup_(ical_freep) struct ical *i = NULL;
	int r = ical_parse(text, len, &i, e);

	if (r < 0)
		return r;
	*ret_type = agenda_type(i);
	*ret_doc = *ret_type == TYPE_NONE ? NULL : agenda_doc(*ret_type, i);
	*ret_changed_ms = ical_changed(i);
	return 0;
}

static int write_entry(enum type_id type, const char *text, size_t len, const char *id, const cJSON *doc,
	struct buf *out, struct err *e)
{
	_cleanup_(ical_freep) struct ical *i = NULL;
	_cleanup_(buf_finish) struct buf before = BUF_INIT(BUF_MAX_ANSWER);
	int64_t now_ms = clock_now_ms();
	int r = 0;

	if (text) {
		r = ical_parse(text, len, &i, e);
	} else {
		_cleanup_(mem_freep) char *uid = agenda_uid(type, id);

		i = ical_new("VTODO", uid, now_ms);
	}
	if (r == 0)
		r = agenda_write(type, i, doc, now_ms, e);
	if (r < 0)
		return r;
	ical_print(i, &before);
	/* An entry in which nothing changed was not changed now. */
	if (text && (before.len != len || memcmp(buf_text(&before), text, len) != 0))
		ical_touch(i, now_ms);
	return ical_print(i, out);
}

static const struct dav_format format = {
	.title = "calendar",
	.space = DAV_CALENDAR,
	.service = "caldav",
	.home = "calendar-home-set",
	.type = "calendar",
	.component = "VTODO",
	.multiget = "calendar-multiget",
	.data = "calendar-data",
	.find = "<c:calendar-query xmlns:d=\"DAV:\" xmlns:c=\"" DAV_CALENDAR
		"\"><d:prop><d:getetag/></d:prop><c:filter><c:comp-filter name=\"VCALENDAR\">"
		"<c:comp-filter name=\"VTODO\"><c:prop-filter name=\"UID\"><c:text-match>%s</c:text-match>"
		"</c:prop-filter></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>",
	.ending = ".ics",
	.content_type = "text/calendar; charset=utf-8",
	.fields = agenda_fields,
	.read = read_entry,
	.write = write_entry,
};

int caldav_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e)
{
	return dav_entries_open(&format, setup, ret, e);
}
