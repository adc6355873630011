/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are made of the records when they are read: reports/, and the journals in ledger/. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/report/journal.h"
#include "seamfs/report/report.h"
#include "tree/kinds.h"

NODE_READ(node_report_read)
{
	return report_file((int)p.b) ? report_read(tree->reports, (int)p.b, b) : -ENOENT;
}

NODE_STAT(node_report_stat)
{
	return report_file((int)p.b) ? node_made(tree, p, report_time(tree->reports), ret) : -ENOENT;
}

NODE_PARENT(node_report_parent)
{
	if (!report_file((int)p.b))
		return -ENOENT;
	*ret = (struct place){PLACE_FIXED, 0, PLACE_FIXED_REPORTS};
	*ret_name = str_dup(report_file((int)p.b));
	return 0;
}

int node_reports_lookup(struct tree *tree, const char *entry, struct node *ret)
{
	int i = report_find(entry);

	return i < 0 ? -ENOENT : node_report_stat(tree, (struct place){PLACE_REPORT, 0, (uint32_t)i}, ret);
}

void node_reports_list(struct listing *l)
{
	struct node node;

	for (int i = (int)l->after; report_file(i); i++) {
		if (node_report_stat(l->tree, (struct place){PLACE_REPORT, 0, (uint32_t)i}, &node) == 0 &&
			!node_add(l, i + 1, report_file(i), &node))
			return;
	}
}

/* ---- ledger/2026.journal, beside the entries ---- */

NODE_READ(node_journal_read)
{
	return report_journal(tree->store, (int)p.b, b);
}

NODE_STAT(node_journal_stat)
{
	return node_made(tree, p, report_time(tree->reports), ret);
}

NODE_PARENT(node_journal_parent)
{
	*ret = (struct place){PLACE_COLLECTION, TYPE_ENTRY, 0};
	*ret_name = str_format("%04u.journal", p.b);
	return 0;
}

int node_journal_lookup(struct tree *tree, const char *entry, struct node *ret)
{
	unsigned year = 0;
	char name[32];

	if (sscanf(entry, "%4u.journal", &year) != 1)
		return -ENOENT;
	snprintf(name, sizeof(name), "%04u.journal", year);
	return strcmp(name, entry) == 0 ? node_journal_stat(tree, (struct place){PLACE_JOURNAL, 0, year}, ret)
					: -ENOENT;
}

void node_journal_list(struct listing *l)
{
	struct node node;
	char name[32];

	for (int year = (int)l->after; (year = report_journal_next(l->tree->store, year)) > 0;) {
		snprintf(name, sizeof(name), "%04d.journal", year);
		if (node_journal_stat(l->tree, (struct place){PLACE_JOURNAL, 0, (uint32_t)year}, &node) ==
				0 &&
			!node_add(l, year, name, &node))
			return;
	}
}
