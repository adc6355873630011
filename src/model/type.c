/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/type.h"

#include <string.h>

#include "seamfs/base/mem.h"

#define CHOICES(...)                                                                                         \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}
#define MATCH(...)                                                                                           \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}

static const struct field invoice_line[] = {
	{"description", FIELD_TEXT, FIELD_REQUIRED, .title = "What was sold"},
	{"quantity", FIELD_DECIMAL, .title = "How many (1 when absent)"},
	{"unit", FIELD_TEXT, .title = "Unit, for example hour"},
	{"unit_price", FIELD_MONEY, FIELD_REQUIRED, .title = "Price of one, without tax"},
	{"tax_rate", FIELD_DECIMAL, .title = "Tax in percent"},
	{0},
};

static const struct field posting_line[] = {
	{"account", FIELD_TEXT, FIELD_REQUIRED, .title = "Account"},
	{"amount", FIELD_MONEY, FIELD_REQUIRED, .title = "Amount, debit positive"},
	{"memo", FIELD_TEXT, .title = "Remark"},
	{0},
};

static const struct field client_fields[] = {
	{"name", FIELD_TEXT, FIELD_REQUIRED | FIELD_KEY, .title = "Name"},
	{"status", FIELD_CHOICE, FIELD_VIEW, .choices = CHOICES("active", "prospect", "former"),
		.title = "Status"},
	{"email", FIELD_EMAIL, .title = "E-mail"},
	{"phone", FIELD_PHONE, .title = "Phone"},
	{"website", FIELD_URL, .title = "Web site"},
	{"street", FIELD_TEXT, .title = "Street and number"},
	{"zip", FIELD_TEXT, .title = "Postal code"},
	{"city", FIELD_TEXT, .title = "City"},
	{"country", FIELD_TEXT, FIELD_VIEW, .title = "Country (ISO 3166 code)"},
	{"vat_id", FIELD_TEXT, .title = "VAT or tax number"},
	{"currency", FIELD_TEXT, .title = "Usual currency (ISO 4217)"},
	{"since", FIELD_DATE, .title = "Client since"},
	{"tags", FIELD_TAGS, .title = "Tags"},
	{"notes", FIELD_LONG_TEXT, .title = "Notes"},
	{0},
};

static const struct field contact_fields[] = {
	{"name", FIELD_TEXT, FIELD_REQUIRED | FIELD_KEY, .title = "Name"},
	{"client", FIELD_REF, FIELD_WHOLE, .ref = TYPE_CLIENT, .title = "Client"},
	{"role", FIELD_TEXT, .title = "Role"},
	{"email", FIELD_EMAIL, .title = "E-mail"},
	{"phone", FIELD_PHONE, .title = "Phone"},
	{"tags", FIELD_TAGS, .title = "Tags"},
	{"notes", FIELD_LONG_TEXT, .title = "Notes"},
	{0},
};

static const struct field deal_fields[] = {
	{"title", FIELD_TEXT, FIELD_REQUIRED | FIELD_KEY, .title = "Title"},
	{"client", FIELD_REF, FIELD_VIEW, .ref = TYPE_CLIENT, .title = "Client"},
	{"stage", FIELD_CHOICE, FIELD_VIEW,
		.choices = CHOICES("lead", "qualified", "proposal", "won", "lost"), .title = "Stage"},
	{"amount", FIELD_MONEY, .title = "Amount"},
	{"currency", FIELD_TEXT, .title = "Currency (ISO 4217)"},
	{"close_date", FIELD_DATE, FIELD_VIEW, .title = "Expected or real close"},
	{"tags", FIELD_TAGS, .title = "Tags"},
	{"notes", FIELD_LONG_TEXT, .title = "Notes"},
	{0},
};

static const struct field quote_fields[] = {
	{"number", FIELD_TEXT, FIELD_REQUIRED | FIELD_KEY | FIELD_UNIQUE, .title = "Number"},
	{"client", FIELD_REF, FIELD_VIEW, .ref = TYPE_CLIENT, .title = "Client"},
	{"deal", FIELD_REF, .ref = TYPE_DEAL, .title = "Deal"},
	{"status", FIELD_CHOICE, FIELD_VIEW,
		.choices = CHOICES("draft", "sent", "accepted", "declined", "expired"), .title = "Status"},
	{"issue_date", FIELD_DATE, FIELD_VIEW, .title = "Issue date"},
	{"valid_until", FIELD_DATE, .title = "Valid until"},
	{"currency", FIELD_TEXT, .title = "Currency (ISO 4217)"},
	{"lines", FIELD_LINES, .line = invoice_line, .title = "Lines"},
	{"net", FIELD_MONEY, FIELD_COMPUTED, .title = "Total without tax"},
	{"tax", FIELD_MONEY, FIELD_COMPUTED, .title = "Tax"},
	{"total", FIELD_MONEY, FIELD_COMPUTED, .title = "Total with tax"},
	{"notes", FIELD_LONG_TEXT, .title = "Notes"},
	{0},
};

static const struct field invoice_fields[] = {
	{"number", FIELD_TEXT, FIELD_REQUIRED | FIELD_KEY | FIELD_UNIQUE, .title = "Number"},
	{"client", FIELD_REF, FIELD_VIEW, .ref = TYPE_CLIENT, .title = "Client"},
	{"project", FIELD_REF, .ref = TYPE_PROJECT, .title = "Project"},
	{"status", FIELD_CHOICE, FIELD_VIEW, .choices = CHOICES("draft", "sent", "overdue", "paid", "void"),
		.title = "Status"},
	{"issue_date", FIELD_DATE, FIELD_VIEW, .title = "Issue date"},
	{"due_date", FIELD_DATE, .title = "Due date"},
	{"reference", FIELD_TEXT, .title = "Client's reference or purchase order"},
	{"currency", FIELD_TEXT, .title = "Currency (ISO 4217)"},
	{"lines", FIELD_LINES, .line = invoice_line, .title = "Lines"},
	{"net", FIELD_MONEY, FIELD_COMPUTED, .title = "Total without tax"},
	{"tax", FIELD_MONEY, FIELD_COMPUTED, .title = "Tax"},
	{"total", FIELD_MONEY, FIELD_COMPUTED, .title = "Total with tax"},
	{"notes", FIELD_LONG_TEXT, .title = "Notes"},
	{0},
};

static const struct field payment_fields[] = {
	{"number", FIELD_TEXT, FIELD_REQUIRED | FIELD_KEY | FIELD_UNIQUE, .title = "Number"},
	{"client", FIELD_REF, FIELD_VIEW, .ref = TYPE_CLIENT, .title = "Client"},
	{"invoice", FIELD_REF, .ref = TYPE_INVOICE, .title = "Invoice"},
	{"date", FIELD_DATE, FIELD_REQUIRED | FIELD_VIEW, .title = "Date"},
	{"amount", FIELD_MONEY, FIELD_REQUIRED, .title = "Amount"},
	{"currency", FIELD_TEXT, .title = "Currency (ISO 4217)"},
	{"method", FIELD_TEXT, FIELD_VIEW, .title = "Method, for example bank transfer"},
	{"reference", FIELD_TEXT, .title = "Bank reference"},
	{"notes", FIELD_LONG_TEXT, .title = "Notes"},
	{"fee", FIELD_MONEY, .title = "Fee that was kept of the amount"},
	{0},
};

static const struct field project_fields[] = {
	{"name", FIELD_TEXT, FIELD_REQUIRED | FIELD_KEY, .title = "Name"},
	{"client", FIELD_REF, FIELD_VIEW, .ref = TYPE_CLIENT, .title = "Client"},
	{"status", FIELD_CHOICE, FIELD_VIEW, .choices = CHOICES("active", "closed", "archived"),
		.title = "Status"},
	{"code", FIELD_TEXT, .title = "Short code in the project tool"},
	{"start", FIELD_DATE, .title = "Start"},
	{"due", FIELD_DATE, .title = "Due"},
	{"budget", FIELD_MONEY, .title = "Budget"},
	{"currency", FIELD_TEXT, .title = "Currency (ISO 4217)"},
	{"tags", FIELD_TAGS, .title = "Tags"},
	{"notes", FIELD_LONG_TEXT, .title = "Notes"},
	{0},
};

static const struct field task_fields[] = {
	{"title", FIELD_TEXT, FIELD_REQUIRED | FIELD_KEY, .title = "Title"},
	{"project", FIELD_REF, FIELD_WHOLE, .ref = TYPE_PROJECT, .title = "Project"},
	{"status", FIELD_CHOICE, FIELD_VIEW, .choices = CHOICES("open", "in progress", "done", "cancelled"),
		.title = "Status"},
	{"assignee", FIELD_TEXT, FIELD_VIEW, .title = "Assignee"},
	{"priority", FIELD_CHOICE, .choices = CHOICES("normal", "low", "high", "urgent"),
		.title = "Priority"},
	{"start", FIELD_DATE, .title = "Start"},
	{"due", FIELD_DATE, FIELD_VIEW, .title = "Due"},
	{"estimate_hours", FIELD_DECIMAL, .title = "Estimated hours"},
	{"tags", FIELD_TAGS, .title = "Tags"},
	{"notes", FIELD_LONG_TEXT, .title = "Notes"},
	{0},
};

static const struct field time_fields[] = {
	{"summary", FIELD_TEXT, FIELD_KEY, .title = "What was done"},
	{"project", FIELD_REF, FIELD_WHOLE, .ref = TYPE_PROJECT, .title = "Project"},
	{"task", FIELD_REF, .ref = TYPE_TASK, .title = "Task"},
	{"date", FIELD_DATE, FIELD_REQUIRED | FIELD_VIEW, .title = "Date"},
	{"hours", FIELD_DECIMAL, FIELD_REQUIRED, .title = "Hours"},
	{"person", FIELD_TEXT, FIELD_VIEW, .title = "Person"},
	{"activity", FIELD_TEXT, .title = "Activity"},
	{"billable", FIELD_BOOL, .title = "Billable"},
	{"notes", FIELD_LONG_TEXT, .title = "Notes"},
	{0},
};

static const struct field document_fields[] = {
	{"name", FIELD_TEXT, FIELD_REQUIRED | FIELD_KEY, .title = "Name"},
	{"client", FIELD_REF, .ref = TYPE_CLIENT, .title = "Client"},
	{"project", FIELD_REF, .ref = TYPE_PROJECT, .title = "Project"},
	{"mime", FIELD_TEXT, FIELD_READ_ONLY, .title = "Media type"},
	{"size", FIELD_DECIMAL, FIELD_READ_ONLY, .title = "Bytes"},
	{0},
};

static const struct field entry_fields[] = {
	{"description", FIELD_TEXT, FIELD_REQUIRED | FIELD_KEY, .title = "Description"},
	{"date", FIELD_DATE, FIELD_REQUIRED | FIELD_VIEW, .title = "Date"},
	{"client", FIELD_REF, .ref = TYPE_CLIENT, .title = "Client"},
	{"reference", FIELD_TEXT, .title = "Voucher"},
	{"currency", FIELD_TEXT, .title = "Currency (ISO 4217)"},
	{"lines", FIELD_LINES, FIELD_REQUIRED, .line = posting_line, .title = "Postings"},
	{0},
};

static const struct type types[TYPE_COUNT] = {
	[TYPE_CLIENT] = {TYPE_CLIENT, "client", "clients", "client.json", "Client", client_fields,
		MATCH("vat_id", "email"), .company = 1},
	[TYPE_CONTACT] = {TYPE_CONTACT, "contact", "contacts", NULL, "Contact", contact_fields,
		MATCH("email")},
	[TYPE_DEAL] = {TYPE_DEAL, "deal", "deals", NULL, "Deal", deal_fields, MATCH("title")},
	[TYPE_QUOTE] = {TYPE_QUOTE, "quote", "quotes", NULL, "Quote", quote_fields, MATCH("number")},
	[TYPE_INVOICE] = {TYPE_INVOICE, "invoice", "invoices", NULL, "Invoice", invoice_fields,
		MATCH("number"), .removable = "draft"},
	[TYPE_PAYMENT] = {TYPE_PAYMENT, "payment", "payments", NULL, "Payment", payment_fields,
		MATCH("number"), .removable = ""},
	[TYPE_PROJECT] = {TYPE_PROJECT, "project", "projects", "project.json", "Project", project_fields,
		MATCH("code", "name")},
	[TYPE_TASK] = {TYPE_TASK, "task", "tasks", NULL, "Task", task_fields, NULL},
	[TYPE_TIME] = {TYPE_TIME, "time", "time", NULL, "Time entry", time_fields, NULL},
	[TYPE_DOCUMENT] = {TYPE_DOCUMENT, "document", "documents", NULL, "Document", document_fields, NULL},
	[TYPE_ENTRY] = {TYPE_ENTRY, "entry", "ledger", NULL, "Ledger entry", entry_fields, NULL,
		.removable = ""},
};

const struct type *type_get(enum type_id id)
{
	return &types[id];
}

const struct type *type_by_name(const char *name)
{
	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	}
	return NULL;
}

const struct type *type_by_plural(const char *plural)
{
	for (int i = TYPE_NONE + 1; i < TYPE_COUNT; i++) {
		if (strcmp(types[i].plural, plural) == 0)
			return &types[i];
	}
	return NULL;
}

const struct field *type_field(const struct type *type, const char *name)
{
	for (const struct field *f = type->fields; f->name; f++) {
		if (strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

int type_field_index(const struct type *type, const char *name)
{
	const struct field *f = type_field(type, name);

	return f ? (int)(f - type->fields) : -1;
}

static const struct field *with_flag(const struct type *type, unsigned flag)
{
	for (const struct field *f = type->fields; f->name; f++) {
		if (f->flags & flag)
			return f;
	}
	return NULL;
}

const struct field *type_key(const struct type *type)
{
	return with_flag(type, FIELD_KEY);
}

const struct field *type_whole(const struct type *type)
{
	return with_flag(type, FIELD_WHOLE);
}

_Bool field_allows(const struct field *field, const char *text)
{
	for (const char *const *c = field->choices; *c; c++) {
		if (strcmp(*c, text) == 0)
			return 1;
	}
	return 0;
}

const char *field_kind_name(enum field_kind kind)
{
	static const char *const names[] = {
		[FIELD_TEXT] = "text",
		[FIELD_LONG_TEXT] = "text",
		[FIELD_EMAIL] = "e-mail address",
		[FIELD_PHONE] = "phone number",
		[FIELD_URL] = "URL",
		[FIELD_CHOICE] = "choice",
		[FIELD_DATE] = "date",
		[FIELD_BOOL] = "true or false",
		[FIELD_MONEY] = "amount of money",
		[FIELD_DECIMAL] = "number",
		[FIELD_REF] = "reference",
		[FIELD_TAGS] = "list of texts",
		[FIELD_LINES] = "list of lines",
	};

	return names[kind];
}
