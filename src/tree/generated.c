/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that seamfs writes itself: README.md, .seam/status, .seam/errors.ndjson. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/store/drift.h"
#include "seamfs/store/drive.h"
#include "seamfs/store/guard.h"
#include "seamfs/store/handoff.h"
#include "seamfs/store/hint.h"
#include "seamfs/store/review.h"
#include "seamfs/store/subscriber.h"
#include "seamfs/store/trash.h"
#include "tree/failure.h"
#include "tree/texts.h"

static const char readme_rules[] =
	"\n## Rules\n\n"
	"- A record is a JSON file with one key a line. Change it with any program and save: the tools that "
	"hold the record\n"
	"  hear of it. A key that is left out stays as it is, `null` clears it.\n"
	"- References are names, as the folders show them: `\"client\": \"Northwind Traders\"`.\n"
	"- A new file `NAME.json` makes a record once what is in it is valid; `mkdir clients/NAME` and "
	"`mkdir projects/NAME` do too.\n"
	"- `by/` shows the same records in folders, as links. Moving a link to another folder changes that "
	"field:\n"
	"  `mv invoices/by/status/draft/X.json invoices/by/status/sent/`.\n"
	"- `tables/` has every type as one spreadsheet. Saving one changes what was changed in it, all of it "
	"or nothing; a row "
	"without\n"
	"  an id is a new record, a row that is not there stays as it is.\n"
	"- What is refused changes nothing. The reason is in the folder's `.error`, in `problems/` with the "
	"text "
	"that was refused,\n"
	"  and in `.seam/errors.ndjson`.\n"
	"- Where both sides changed the same thing, nothing of it is sent; `problems/` has both versions. "
	"Save the "
	"record as it is\n"
	"  to be, or move one of them over it.\n"
	"- `rm` moves a record to `.seam/trash/`; moving it back restores it. Issued invoices and payments "
	"stay.\n"
	"- `reports/` has what the records add up to, made when it is read: `dashboard.html`, `stack.md`, "
	"and each "
	"report as CSV and\n"
	"  as text. `ledger/YEAR.journal` is a year in double entry, for hledger and ledger.\n"
	"- `.seam/status` says how the tools are doing; `.seam/schema/` has the fields of each type; `echo "
	"all > .seam/refresh`\n"
	"  fetches from the tools now; `getfattr -n user.seam.state FILE` says synced, pending, held, "
	"conflict, "
	"rejected or draft.\n"
	"- Where changes are reviewed, nothing is sent before a person says so: `.seam/approve` shows what "
	"waits.\n"
	"- `.seam/handoffs` lists the rules that do things by themselves, `.seam/log/` what they did.\n"
	"- `tail -f .seam/events` shows each change as it happens, one JSON line a change.\n"
	"- `.seam/history/DATE.ndjson` has every change; `echo NUMBER > .seam/undo` takes one back.\n"
	"- `contacts/NAME.vcf` is the contact as a card for address books, `calendar.ics` has what is to be "
	"done and due; "
	"both are\n"
	"  made from the records and read-only.\n"
	"\n## Opened by name, not listed\n\n"
	"| name | holds |\n|---|---|\n"
	"| `NAME.d/FIELD` | one field as text, read and written: `echo sent > invoices/X.d/status` |\n"
	"| `NAME.meta.json` | ids in the tools, how far each is, who set each field |\n"
	"| `NAME.log.ndjson` | the record's changes, newest first |\n"
	"| `NAME.handoff-RULE.diff` | what that hand-off would do to the record; nothing is done |\n"
	"| `.template.json` | every key of the type: copy it, fill it in |\n"
	"| `.error`, `.last` | what was refused in the folder; what was made in it |\n"
	"| `.export/json`, `ndjson`, `csv` | all records of the folder in one read |\n"
	"| `.id/TOOL:ID.json` | the record by a tool's own id |\n"
	"\n## Errors\n\n"
	"| errno | means |\n|---|---|\n"
	"| EINVAL | the document or a value is wrong |\n"
	"| EPERM | not allowed: a read-only field, a forbidden step, removing what must be kept |\n"
	"| EACCES | the tool does not let us in, or not do this |\n"
	"| ENOENT | a reference to something that does not exist |\n"
	"| EEXIST | the name or number is taken |\n"
	"| ESTALE | changed in the tool at the same time |\n"
	"| EAGAIN | the tool asked to be left alone for a while |\n"
	"| EDQUOT | the tool's plan or its room is used up |\n"
	"| EROFS | the tool, or this field of it, can only be read |\n"
	"| EXDEV | a record cannot move to another type of folder |\n"
	"| EFBIG | a record over 1 MiB, a temporary file over 64 MiB, or too large for the tool |\n"
	"| ENOSPC | the disk is full |\n"
	"| EIO | anything else: `.seam/status` says how the tools are doing |\n"
	"\n## Examples\n\n"
	"```sh\n"
	"jq -r .email clients/*/client.json\n"
	"grep -rl overdue invoices/\n"
	"sed -i 's/old@example.com/new@example.com/' 'clients/NAME/client.json'\n"
	"jq -s 'map(.total) | add' invoices/*.json\n"
	"ls invoices/by/status/overdue\n"
	"soffice --calc tables/invoices.csv\n"
	"```\n";

static int readme(struct tree *tree, struct buf *b)
{
	const struct stack *stack = store_stack(tree->store);

	buf_printf(b,
		"# %s\n\nThe records of %d tool%s as files. Generated by seamfs; this page explains the "
		"rules.\n\n",
		stack->company, stack->tool_count - 1, stack->tool_count == 2 ? "" : "s");
	buf_puts(b, "| folder | what | owner | also in |\n|---|---|---|---|\n");
	for (int t = TYPE_NONE + 1; t < TYPE_COUNT; t++) {
		const struct type *type = type_get((enum type_id)t);
		const char *separator = "";

		buf_printf(b, "| `%s/` | %s | %s | ", type->plural, type->title,
			stack->tools[stack->owners[t]].name);
		for (int i = 1; i < stack->tool_count; i++) {
			if (stack->tools[i].types[t].used && i != stack->owners[t]) {
				buf_printf(b, "%s%s", separator, stack->tools[i].name);
				separator = ", ";
			}
		}
		buf_puts(b, " |\n");
	}
	return buf_puts(b, readme_rules);
}

/* ---- status ---- */

struct errors_context {
	struct tree *tree;
	struct buf *b;
};

static int64_t held_count(struct db *db)
{
	return store_trash_held(db) + store_review_held(db) + store_guard_count(db);
}

static void guard_line(void *context, int tool, enum type_id type, int64_t lacks, int64_t all)
{
	struct errors_context *c = context;

	buf_printf(c->b, "remove %lld of %lld %s, which %s lacks suddenly\n", (long long)lacks,
		(long long)all, type_get(type)->plural, store_stack(c->tree->store)->tools[tool].name);
}

/* .seam/approve */
static int held(struct tree *tree, struct buf *b)
{
	struct db *db = store_db(tree->store);
	sqlite3_stmt *q;

	if (!held_count(db))
		return buf_puts(b, "Nothing waits for approval.\n");
	buf_puts(b,
		"No tool has been told of what is listed here. \"yes\" written into this file has it done, "
		"\"no\" takes it back; with a number behind it (\"yes 12\") only that one.\n\n");
	q = db_query(db, "SELECT type, name FROM trash WHERE state = 1 ORDER BY type, record", "");
	while (db_row(q))
		buf_printf(b, "remove %s/%s.json\n", type_get((enum type_id)sqlite3_column_int(q, 0))->plural,
			db_column_text(q, 1));
	store_guard_each(tree->store, db, guard_line, &(struct errors_context){tree, b});
	return outbox_held(tree, b);
}

static const char *state_of(const struct tool_health *h)
{
	return h->error_ms ? "failing" : h->ok_ms ? "ok" : "starting";
}

static void ago(int64_t ms, char text[32])
{
	int64_t s = ms ? (clock_now_ms() - ms) / 1000 : -1;

	if (s < 0)
		snprintf(text, 32, "never");
	else if (s < 120)
		snprintf(text, 32, "%lld s ago", (long long)s);
	else if (s < 7200)
		snprintf(text, 32, "%lld min ago", (long long)(s / 60));
	else
		snprintf(text, 32, "%lld h ago", (long long)(s / 3600));
}

/* .seam/hook */
static int hooks(struct tree *tree, struct buf *b)
{
	const struct stack *stack = store_stack(tree->store);

	for (int i = 1; i < stack->tool_count; i++) {
		struct hook_row h = {0};

		if (store_hook_get(store_db(tree->store), store_tool_id(tree->store, i), &h) < 0)
			continue;
		if (*h.error)
			buf_printf(b, "%s failed: %s\n", stack->tools[i].name, h.error);
		else if (h.made_ms)
			buf_printf(b, "%s sends, as %s\n", stack->tools[i].name, h.remote);
		else
			buf_printf(b, "%s is asked\n", stack->tools[i].name);
		hook_row_finish(&h);
	}
	return b->error;
}

static void add_time(cJSON *object, const char *key, int64_t ms)
{
	char text[CLOCK_UTC_SIZE];

	if (ms)
		json_set_text(object, key, clock_format_utc(ms, text));
	else
		json_set(object, key, cJSON_CreateNull());
}

static void subscriber_line(void *context, const struct subscriber_health *h)
{
	char when[32];

	ago(h->ok_ms, when);
	buf_printf(context, "subscription %s: %lld waiting, last delivery %s%s%s\n", h->name,
		(long long)h->waiting, when, h->error_ms ? ": " : "", h->error);
}

static void subscriber_json(void *context, const struct subscriber_health *h)
{
	cJSON *object = cJSON_CreateObject();

	json_set_text(object, "name", h->name);
	json_set(object, "waiting", json_new_int(h->waiting));
	json_set_text(object, "error", h->error);
	add_time(object, "last_ok", h->ok_ms);
	cJSON_AddItemToArray(context, object);
}

/* Documents on their way to the drive. */
static void sending(struct tree *tree, struct buf *b)
{
	struct drive_waiting w;

	store_drive_waiting(store_db(tree->store), store_tool_id(tree->store, tree->drive), &w);
	if (w.rows)
		buf_printf(b, "  %lld documents or folders are on their way: %lld of %lld MB\n",
			(long long)w.rows, (long long)(w.sent / 1000000),
			(long long)((w.bytes + 999999) / 1000000));
}

static int status(struct tree *tree, struct buf *b)
{
	const struct stack *stack = store_stack(tree->store);
	struct db *db = store_db(tree->store);
	int64_t problems = db_int(db, 0, "SELECT count(*) FROM problem", "");

	buf_printf(b, "%s\n\n%-16s %-12s %-10s %9s %9s %9s  %s\n", stack->company, "tool", "connector",
		"state", "records", "pending", "rejected", "last pull");
	for (int i = 1; i < stack->tool_count; i++) {
		struct tool_health h;
		char when[32];

		store_tool_health(db, store_tool_id(tree->store, i), &h);
		ago(h.pull_ms, when);
		buf_printf(b, "%-16s %-12s %-10s %9lld %9lld %9lld  %s\n", stack->tools[i].name,
			stack->tools[i].connector, state_of(&h), (long long)h.records, (long long)h.pending,
			(long long)h.rejected, when);
		if (h.error_ms)
			buf_printf(b, "  %s\n", h.error);
		if (i == tree->drive)
			sending(tree, b);
		free(h.error);
	}
	store_subscriber_each(db, subscriber_line, b);
	buf_printf(b, "\n%lld problem%s%s\n", (long long)problems, problems == 1 ? "" : "s",
		problems ? ": see problems/" : "");
	if (store_handoff_failing(db))
		buf_printf(b, "%lld hand-offs failed: see problems/ and .seam/log/\n",
			(long long)store_handoff_failing(db));
	if (held_count(db))
		buf_printf(b,
			"%lld changes wait for \"seamfs approve\" or \"seamfs reject\": see .seam/approve\n",
			(long long)held_count(db));
	return b->error;
}

static void drift_line(void *context, const char *path, const char *what)
{
	buf_printf(context, "  %s: %s\n", path, what);
}

/* .seam/verify */
static int verified(struct tree *tree, struct buf *b)
{
	const struct stack *stack = store_stack(tree->store);
	struct db *db = store_db(tree->store);

	for (int i = 1; i < stack->tool_count; i++) {
		int64_t tool = store_tool_id(tree->store, i);
		struct drift_look look;
		char when[32];

		store_drift_look(db, tool, &look);
		ago(look.ms, when);
		buf_printf(b, "%s: %lld records read again, %lld differed from what was known (%s)\n",
			stack->tools[i].name, (long long)look.checked, (long long)look.found, when);
		store_drift_each(db, tool, drift_line, b);
	}
	return b->error;
}

static int status_json(struct tree *tree, struct buf *b)
{
	const struct stack *stack = store_stack(tree->store);
	struct db *db = store_db(tree->store);
	_cleanup_json_ cJSON *root = cJSON_CreateObject();
	cJSON *tools;

	json_set_text(root, "company", stack->company);
	json_set_text(root, "version", SEAMFS_VERSION);
	json_set(root, "pid", json_new_int(getpid()));
	json_set(root, "problems", json_new_int(db_int(db, 0, "SELECT count(*) FROM problem", "")));
	json_set(root, "pending",
		json_new_int(db_int(db, 0,
			"SELECT (SELECT count(*) FROM outbox WHERE state < 4) + (SELECT count(*) FROM "
			"scratch WHERE "
			"due > 0) + (SELECT count(*) FROM trash WHERE state = 0)"
			" + (SELECT count(*) FROM file WHERE due > 0)",
			"")));
	json_set(root, "held", json_new_int(held_count(db)));
	json_set(root, "failing_handoffs", json_new_int(store_handoff_failing(db)));
	tools = cJSON_AddArrayToObject(root, "tools");
	for (int i = 1; i < stack->tool_count; i++) {
		cJSON *tool = cJSON_CreateObject();
		struct drift_look look;
		struct tool_health h;

		store_tool_health(db, store_tool_id(tree->store, i), &h);
		json_set_text(tool, "name", stack->tools[i].name);
		json_set_text(tool, "connector", stack->tools[i].connector);
		json_set_text(tool, "state", state_of(&h));
		json_set_text(tool, "error", h.error ? h.error : "");
		json_set(tool, "records", json_new_int(h.records));
		json_set(tool, "pending", json_new_int(h.pending));
		json_set(tool, "rejected", json_new_int(h.rejected));
		json_set(tool, "refreshing",
			cJSON_CreateBool(store_tool_wants_refresh(db, store_tool_id(tree->store, i)) != 0));
		store_drift_look(db, store_tool_id(tree->store, i), &look);
		json_set(tool, "verifying", cJSON_CreateBool(look.wanted));
		json_set(tool, "drift", json_new_int(look.found));
		add_time(tool, "last_verify", look.ms);
		add_time(tool, "last_ok", h.ok_ms);
		add_time(tool, "last_pull", h.pull_ms);
		cJSON_AddItemToArray(tools, tool);
		free(h.error);
	}
	store_subscriber_each(db, subscriber_json, cJSON_AddArrayToObject(root, "subscriptions"));
	return json_pretty(b, root);
}

static void error_line(void *context, const struct failure *p)
{
	struct errors_context *c = context;
	_cleanup_json_ cJSON *line = cJSON_CreateObject();
	_cleanup_(mem_freep) char *text = NULL;

	add_time(line, "time", p->ms);
	json_set_text(line, "act", p->act);
	json_set_text(line, "path", p->path);
	json_set_text(line, "error", err_name(p->code));
	json_set_text(line, "field", p->field);
	json_set_text(line, "message", p->text);
	json_set_text(line, "tool", p->tool >= 0 ? store_stack(c->tree->store)->tools[p->tool].name : "");
	text = json_print(line);
	buf_printf(c->b, "%s\n", text);
}

int generated_read(struct tree *tree, enum place_fixed file, struct buf *b)
{
	struct errors_context c = {tree, b};

	switch (file) {
	case PLACE_FIXED_README:
		return readme(tree, b);
	case PLACE_FIXED_STATUS:
		return status(tree, b);
	case PLACE_FIXED_STATUS_JSON:
		return status_json(tree, b);
	case PLACE_FIXED_VERIFY:
		return verified(tree, b);
	case PLACE_FIXED_LINKS:
		return links_read(tree, b);
	case PLACE_FIXED_APPROVE:
		return held(tree, b);
	case PLACE_FIXED_CALENDAR:
		return calendar_read(tree, b);
	case PLACE_FIXED_HANDOFFS:
		return handoffs_read(tree, b);
	case PLACE_FIXED_HOOK:
		return hooks(tree, b);
	case PLACE_FIXED_EVENTS:
		events_read(tree, 0, BUF_MAX_TEXT, b);
		return b->error;
	case PLACE_FIXED_ERRORS:
		failure_each(tree, NULL, error_line, &c);
		return b->error;
	default:
		return 0;
	}
}
