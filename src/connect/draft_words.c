/* SPDX-License-Identifier: Apache-2.0 */
/* What tools call the things that we have: a table for types, one for fields, one for values. */
#include <ctype.h>
#include <string.h>

#include "connect/draft_parts.h"
#include "seamfs/base/mem.h"

void word_plain(const char *text, size_t len, char ret[DRAFT_WORD])
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < DRAFT_WORD; i++) {
		if (isalnum((unsigned char)text[i]))
			ret[n++] = (char)tolower((unsigned char)text[i]);
	}
	ret[n] = '\0';
}

void word_noun(const char *text, size_t len, char ret[DRAFT_WORD])
{
	size_t n;

	word_plain(text, len, ret);
	n = strlen(ret);
	if (strcmp(ret, "people") == 0 || strcmp(ret, "persons") == 0)
		memcpy(ret, "person", sizeof("person"));
	else if (n > 4 && strcmp(ret + n - 3, "ies") == 0)
		memcpy(ret + n - 3, "y", 2);
	else if (n > 3 && ret[n - 1] == 's' && ret[n - 2] != 's' && ret[n - 2] != 'u')
		ret[n - 1] = '\0';
}

const char *word_next(const char *list, char ret[DRAFT_WORD])
{
	size_t len;

	list += strspn(list, " ");
	len = strcspn(list, " ");
	if (len == 0 || len >= DRAFT_WORD)
		return NULL;
	memcpy(ret, list, len);
	ret[len] = '\0';
	return list + len;
}

int word_listed(const char *list, const char *word)
{
	char one[DRAFT_WORD];

	for (int i = 0; (list = word_next(list, one)); i++) {
		if (strcmp(one, word) == 0)
			return i;
	}
	return -1;
}

/* ---- Types ---- */

static const char *const nouns[TYPE_COUNT] = {
	[TYPE_CLIENT] = "client customer company organization organisation account contact",
	[TYPE_CONTACT] = "contact person contactperson",
	[TYPE_DEAL] = "deal opportunity potential",
	[TYPE_QUOTE] = "quote estimate quotation offer proposal",
	[TYPE_INVOICE] = "invoice salesinvoice",
	[TYPE_PAYMENT] = "payment customerpayment invoicepayment charge receipt",
	[TYPE_PROJECT] = "project job matter board list milestone",
	[TYPE_TASK] = "task issue ticket workitem todo card story",
	[TYPE_TIME] = "timeentry timeentrie worklog timesheet timelog timerecord timetrackingentry time",
};

const char *noun_list(enum type_id type)
{
	return nouns[type] ? nouns[type] : "";
}

int noun_rank(enum type_id type, const char *noun)
{
	return word_listed(noun_list(type), noun);
}

/* ---- Fields ---- */

/* The first row that fits counts: those of one type stand before those of all. "*" before a word: whatever ends with it. */
static const struct {
	enum type_id type;
	const char *field, *words;
} fields[] = {
	{TYPE_CLIENT, "name",
		"name companyname displayname organizationname organisation organization company fullname "
		"title"},
	{TYPE_CLIENT, "status", "status state isactive active archived isarchived enabled lifecyclestage"},
	{TYPE_CLIENT, "notes", "notes note description comment comments memo remarks"},
	{TYPE_CONTACT, "name", "name fullname displayname contactname"},
	{TYPE_CONTACT, "role", "role jobtitle position title function"},
	{TYPE_DEAL, "title", "title name subject summary dealname"},
	{TYPE_DEAL, "stage", "stage status stageid dealstage"},
	{TYPE_DEAL, "amount", "amount value total amount/value value/amount expectedvalue monetaryamount"},
	{TYPE_DEAL, "close_date",
		"closedate expectedclosedate expectedclose closedat closingdate expectedcloseon"},
	{TYPE_QUOTE, "number", "number docnumber code displaynumber reference"},
	{TYPE_QUOTE, "issue_date", "issuedate issuedon issuedat date txndate dateissued"},
	{TYPE_QUOTE, "valid_until",
		"validuntil expirydate expirationdate expiresat expireson expiry expiration expirydate "
		"duedate"},
	{TYPE_INVOICE, "number", "number docnumber code displaynumber detail/invoicenumber detail/number"},
	{TYPE_INVOICE, "issue_date",
		"issuedate issuedon issuedat date txndate dateissued detail/invoicedate createdate "
		"createdat"},
	{TYPE_INVOICE, "due_date", "duedate dueon dueat due paymentduedate detail/paymentterm/duedate"},
	{TYPE_INVOICE, "reference",
		"reference ponumber purchaseorder purchaseordernumber poreference referencenumber "
		"customerreference "
		"detail/reference"},
	{TYPE_PAYMENT, "number", "number paymentnumber id uuid"},
	{TYPE_PAYMENT, "date", "date paymentdate paidat paidon paiddate transactiondate createdat created"},
	{TYPE_PAYMENT, "amount", "amount total amount/value amount/amount value"},
	{TYPE_PAYMENT, "method", "method paymentmethod paymenttype paymentmode gateway type"},
	{TYPE_PAYMENT, "reference",
		"reference transactionid transactionreference referencenumber transaction"},
	{TYPE_PROJECT, "name", "name title displayname"},
	{TYPE_PROJECT, "status",
		"status state isactive active archived isarchived completed iscompleted closed isclosed"},
	{TYPE_PROJECT, "code", "code key identifier shortname"},
	{TYPE_PROJECT, "start", "startdate startson starton start startedat startat beginson"},
	{TYPE_PROJECT, "due", "duedate dueon due endson enddate endon deadline dueat end"},
	{TYPE_PROJECT, "budget", "budget costbudget budgetamount budgetvalue"},
	{TYPE_TASK, "title", "title name subject summary content fields/summary text"},
	{TYPE_TASK, "status",
		"status state completed iscompleted done isdone closed isclosed active duecomplete "
		"status/name "
		"status/status"},
	{TYPE_TASK, "assignee",
		"assignee assignedto assignee/name assignee/displayname assigneename assignedto/name "
		"assignee/login owner/name"},
	{TYPE_TASK, "priority", "priority priority/name priority/priority"},
	{TYPE_TASK, "start", "startdate starton start startat startson"},
	{TYPE_TASK, "due", "duedate dueon due dueat deadline duedatetime duedate/date due/date"},
	{TYPE_TASK, "estimate_hours",
		"estimatedhours estimatehours hoursestimate estimatedseconds estimatedminutes timeestimate "
		"estimate "
		"originalestimate estimatedminutes"},
	{TYPE_TASK, "notes", "notes description desc body note details fields/description"},
	{TYPE_TIME, "summary", "summary description notes note comment comments memo title"},
	{TYPE_TIME, "date",
		"date spentdate spenton entrydate loggeddate startedat started startdate start starttime "
		"timeinterval/start dateutc day begin"},
	{TYPE_TIME, "hours",
		"hours durationhours timespentseconds durationseconds durationminutes durationinseconds "
		"duration "
		"timespent seconds minutes timeinterval/duration loggedtime quantity"},
	{TYPE_TIME, "person",
		"person username user/name user/displayname user/fullname author/displayname author/name "
		"createdby/name user employee"},
	{TYPE_TIME, "activity", "activity activity/name service/name worktype"},
	{TYPE_TIME, "billable", "billable isbillable"},
	{TYPE_NONE, "status", "status state"},
	{TYPE_NONE, "email",
		"email emailaddress primaryemail mail emailaddress1 primaryemailaddress/address"},
	{TYPE_NONE, "phone",
		"phone phonenumber telephone tel phoneoffice primaryphone mobilephone mobile phone1"},
	{TYPE_NONE, "website", "website homepage webaddress siteurl web websiteurl domain url"},
	{TYPE_NONE, "street",
		"street address1 addressline1 streetaddress address *address/street *address/line1 "
		"*address/addressline1 "
		"*address/streetaddress *address/address1 *address/street1 *address/line street1 "
		"addressstreet"},
	{TYPE_NONE, "zip",
		"zip postalcode postcode zipcode *address/zip *address/postalcode *address/postcode "
		"*address/zipcode addresszip pcode"},
	{TYPE_NONE, "city", "city town locality *address/city *address/town addresscity"},
	{TYPE_NONE, "country",
		"countrycode country *address/countrycode *address/country addresscountry countryid"},
	{TYPE_NONE, "vat_id",
		"vatid vatnumber taxnumber taxid vat taxregistrationnumber taxidentificationnumber vatin"},
	{TYPE_NONE, "currency",
		"currencycode currency currencyiso defaultcurrency currencyiso3 currency/code "
		"amount/currency "
		"*total/currency amount/code detail/currencycode"},
	{TYPE_NONE, "since", "customersince clientsince since"},
	{TYPE_NONE, "tags", "tags labels tagnames"},
	{TYPE_NONE, "notes",
		"notes note description comment comments memo remarks terms privatenote desc content body"},
	{TYPE_NONE, "lines", "lines lineitems items invoicelines invoiceitems line orderlines"},
	{TYPE_NONE, "net", "subtotal net nettotal amountexcludingtax totalexcludingtax totalnet netamount"},
	{TYPE_NONE, "tax", "tax taxamount totaltax taxtotal taxtotalamount vatamount"},
	{TYPE_NONE, "total",
		"total totalamount grandtotal amount totalamt total/value total/amount amount/value "
		"amount/amount amounttotal"},
	/* Of a line. */
	{TYPE_NONE, "description", "description name title text details"},
	{TYPE_NONE, "quantity", "quantity qty amount units hours"},
	{TYPE_NONE, "unit", "unit unitname unittype unitofmeasure"},
	{TYPE_NONE, "unit_price",
		"unitprice unitamount unitcost rate price unitprice/value unitamount/value unitcost/amount "
		"cost"},
	{TYPE_NONE, "tax_rate",
		"taxrate taxpercent taxpercentage vatrate taxrate/value tax/percent tax/rate"},
	/* Ours in every type. */
	{TYPE_NONE, "created",
		"createdat created createdon createddate datecreated creationdate createdtime createtime "
		"createdatutc "
		"insertedat createddateutc"},
	{TYPE_NONE, "updated",
		"updatedat updated modifiedat lastmodified updatedon modifiedon lastmodifieddate dateupdated "
		"lastupdated lastupdatedat updatedtime modifieddate lastmodifiedat dateupdated "
		"updateddateutc "
		"lastmodifiedtime updatetime modified updatedate dateupdated at datelastactivity"},
};

const char *field_names(enum type_id type, const char *field)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if ((fields[i].type == type || fields[i].type == TYPE_NONE) &&
			strcmp(fields[i].field, field) == 0)
			return fields[i].words;
	}
	return NULL;
}

/* ---- Values ---- */

static const struct {
	enum type_id type;
	const char *field, *ours, *words;
} values[] = {
	{TYPE_CLIENT, "status", "active", "active open enabled customer"},
	{TYPE_CLIENT, "status", "prospect", "prospect lead potential"},
	{TYPE_CLIENT, "status", "former", "inactive archived former closed disabled"},
	{TYPE_DEAL, "stage", "lead", "lead new open"},
	{TYPE_DEAL, "stage", "qualified", "qualified"},
	{TYPE_DEAL, "stage", "proposal", "proposal quoted negotiation"},
	{TYPE_DEAL, "stage", "won", "won closedwon"},
	{TYPE_DEAL, "stage", "lost", "lost closedlost"},
	{TYPE_QUOTE, "status", "draft", "draft"},
	{TYPE_QUOTE, "status", "sent", "sent open pending viewed delivered"},
	{TYPE_QUOTE, "status", "accepted", "accepted approved signed invoiced"},
	{TYPE_QUOTE, "status", "declined", "declined rejected canceled cancelled"},
	{TYPE_QUOTE, "status", "expired", "expired"},
	{TYPE_INVOICE, "status", "draft", "draft"},
	{TYPE_INVOICE, "status", "sent",
		"sent open unpaid authorised authorized outstanding viewed partial partiallypaid submitted "
		"pending"},
	{TYPE_INVOICE, "status", "overdue", "overdue pastdue late"},
	{TYPE_INVOICE, "status", "paid", "paid settled markedaspaid"},
	{TYPE_INVOICE, "status", "void", "void voided cancelled canceled uncollectible writtenoff"},
	{TYPE_PROJECT, "status", "active", "active open inprogress started new"},
	{TYPE_PROJECT, "status", "closed", "closed completed complete finished done"},
	{TYPE_PROJECT, "status", "archived", "archived inactive"},
	{TYPE_TASK, "status", "open", "open todo new active notstarted needsaction pending backlog waiting"},
	{TYPE_TASK, "status", "in progress", "inprogress started doing inreview"},
	{TYPE_TASK, "status", "done", "done completed complete closed resolved finished solved"},
	{TYPE_TASK, "status", "cancelled", "cancelled canceled rejected wontdo"},
	{TYPE_TASK, "priority", "normal", "normal medium"},
	{TYPE_TASK, "priority", "low", "low minor lowest trivial"},
	{TYPE_TASK, "priority", "high", "high major"},
	{TYPE_TASK, "priority", "urgent", "urgent critical highest immediate blocker"},
};

const char *choice_meaning(enum type_id type, const char *field, const char *theirs)
{
	char word[DRAFT_WORD];

	word_plain(theirs, strlen(theirs), word);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		if (values[i].type == type && strcmp(values[i].field, field) == 0 &&
			word_listed(values[i].words, word) >= 0)
			return values[i].ours;
	}
	return NULL;
}

static const struct {
	enum type_id type;
	const char *words, *yes, *no;
} flags[] = {
	{TYPE_CLIENT, "archived isarchived", "former", "active"},
	{TYPE_CLIENT, "active isactive enabled", "active", "former"},
	{TYPE_PROJECT, "archived isarchived", "archived", "active"},
	{TYPE_PROJECT, "active isactive", "active", "archived"},
	{TYPE_PROJECT, "completed iscompleted closed isclosed", "closed", "active"},
	{TYPE_TASK, "completed iscompleted done isdone closed isclosed duecomplete", "done", "open"},
	{TYPE_TASK, "active", "open", "done"},
};

_Bool flag_meaning(enum type_id type, const char *word, const char **ret_true, const char **ret_false)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (flags[i].type != type || word_listed(flags[i].words, word) < 0)
			continue;
		*ret_true = flags[i].yes;
		*ret_false = flags[i].no;
		return 1;
	}
	return 0;
}
