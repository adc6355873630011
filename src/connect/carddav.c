/* SPDX-License-Identifier: Apache-2.0 */
/* The carddav connector: an address book (RFC 6352) of people and companies. */
#include <string.h>

#include "connect/dav_entries.h"
#include "connect/drivers.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/model/card.h"

static int read_card(const char *text, size_t len, enum type_id *ret_type, cJSON **ret_doc,
	int64_t *ret_changed_ms, struct err *e)
{
	_cleanup_(vcard_freep) struct vcard *v = NULL;
	int r = vcard_parse(text, len, &v, e);

	if (r < 0)
		return r;
	*ret_type = card_type(v);
	*ret_doc = *ret_type == TYPE_NONE ? NULL : card_doc(*ret_type, v);
	*ret_changed_ms = vcard_changed(v);
	return 0;
}

static int write_card(enum type_id type, const char *text, size_t len, const char *id, const cJSON *doc,
	struct buf *out, struct err *e)
{
	_cleanup_(vcard_freep) struct vcard *v = NULL;
	_cleanup_(buf_finish) struct buf before = BUF_INIT(BUF_MAX_ANSWER);
	int r = text ? vcard_parse(text, len, &v, e) : 0;

	if (r < 0)
		return r;
	if (!text)
		v = card_new(type, id);
	card_write(type, v, doc);
	vcard_print(v, &before);
	/* A card in which nothing changed was not changed now. */
	if (!text || before.len != len || memcmp(buf_text(&before), text, len) != 0)
		vcard_touch(v, clock_now_ms());
	return vcard_print(v, out);
}

static const struct dav_format format = {
	.title = "address book",
	.space = DAV_CARD,
	.service = "carddav",
	.home = "addressbook-home-set",
	.type = "addressbook",
	.multiget = "addressbook-multiget",
	.data = "address-data",
	.find = "<c:addressbook-query xmlns:d=\"DAV:\" xmlns:c=\"" DAV_CARD
		"\"><d:prop><d:getetag/></d:prop><c:filter>"
		"<c:prop-filter name=\"UID\"><c:text-match>%s</c:text-match></c:prop-filter></c:filter>"
		"</c:addressbook-query>",
	.ending = ".vcf",
	.content_type = "text/vcard; charset=utf-8",
	.fields = card_fields,
	.read = read_card,
	.write = write_card,
};

int carddav_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e)
{
	return dav_entries_open(&format, setup, ret, e);
}
