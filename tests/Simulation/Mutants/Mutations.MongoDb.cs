namespace Relaybox.Simulation.Mutants;

// What goes wrong on MongoDB in public. It is planted in the model, which takes the steps of the real store.
internal static partial class Mutations
{
    private const string Session = "tests/Simulation/Model/Mongo/MongoSession.cs";
    private const string Writer = "tests/Simulation/Model/Mongo/MongoWriter.cs";
    private const string Insert = "tests/Simulation/Model/Mongo/MongoInsert.cs";
    private const string Claims = "tests/Simulation/Model/Mongo/MongoOutbox.Claims.cs";
    private const string Order = "tests/Simulation/Model/Mongo/MongoOrder.cs";
    private const string Handler = "tests/Simulation/Model/Mongo/MongoInboxTransaction.cs";

    private static Mutation[] OfMongoDb { get; } =
    [
        new(
            "a commit without an answer runs the whole operation again",
            Writer,
            """when (e.EndsTransaction && attempt < MaxTries)""",
            """when ((e.EndsTransaction || (PLANTED && e.IsUnknownCommit)) && attempt < MaxTries)"""),
        new(
            "a transient error repeats the commit alone",
            Session,
            """when (e.IsUnknownCommit && attempt < MostCommits)""",
            """when ((e.IsUnknownCommit && attempt < MostCommits) || (PLANTED && e.EndsTransaction))"""),
        new(
            "a commit without an answer is told as a failure",
            Writer,
            """return Told.Unknown;""",
            """return PLANTED ? Told.Failed : Told.Unknown;"""),
        new(
            "a commit without an answer is told as done",
            Session,
            "                await AbortAsync();\n                throw;",
            "                await AbortAsync();\n                if (PLANTED) { return; }\n                throw;"),
        new(
            "a handler's commit without an answer counts as done",
            Handler,
            """switch (await inbox.ReadOwnAsync(claim, cancellationToken))""",
            """switch (PLANTED ? InboxStatus.Processed : await inbox.ReadOwnAsync(claim, cancellationToken))"""),
        new(
            "an error that an app's operation swallows is tried again and again",
            Writer,
            """&& errors.Last is not null)""",
            """&& errors.Last is not null && !PLANTED)"""),
        new(
            "an error that an app's operation swallows commits half",
            Writer,
            "            await operation(session);\n",
            "            await operation(session);\n            if (PLANTED && errors.Last is not null) { session = client.Begin(); }\n"),
        new(
            "an error that a handler swallows is taken for an outage",
            Handler,
            """when (_errors.Last is not null && e.Code""",
            """when (!PLANTED && _errors.Last is not null && e.Code"""),
        new(
            "a statement of an aborted transaction is repeated alone, in a new one",
            Session,
            """var transaction = _transaction ??= Server.Begin();""",
            """var transaction = _transaction = PLANTED && _transaction is { } last && (last.HasEnded || last.Until <= Server.Now) """
            + """? Server.Begin() : _transaction ?? Server.Begin();"""),
        new(
            "effects are written beside the transaction",
            Handler,
            """Server.Write(transaction, DocumentId.Effect(effect), changes: true, () => Server.Inbox.AddEffect(effect));""",
            """if (PLANTED) { Server.Inbox.AddEffect(effect); } """
            + """else { Server.Write(transaction, DocumentId.Effect(effect), changes: true, () => Server.Inbox.AddEffect(effect)); }"""),
        new(
            "a claim updates all that is due, and not what it has found",
            Claims,
            """eventIds.Select(DocumentId.Row), Take, cancellationToken);""",
            """(PLANTED ? Table.Rows.Select(row => row.EventId) : eventIds).Select(DocumentId.Row), Take, cancellationToken);"""),
        new(
            "a claim searches by the filter by which it has found",
            Claims,
            """&& row.Parsed == OutboxStatus.Publishing && row.""",
            """&& (PLANTED ? OutboxTable.IsDue(row, Server.Now) : row.Parsed == OutboxStatus.Publishing) && row."""),
        new(
            "a claim takes rows that have changed since they were found",
            Claims,
            """|| !isFree(row))""",
            """|| (!isFree(row) && !PLANTED))"""),
        new(
            "a claim searches without its token",
            Claims,
            """row.Token == token);""",
            """(PLANTED || row.Token == token));"""),
        new(
            "a claim's lease is measured by the worker's clock",
            Claims,
            """Table.Take(row, Server.Now, lease, token);""",
            """Table.Take(row, PLANTED ? ((Engine.SimProcess)entropy).Clock.GetUtcNow() : Server.Now, lease, token);"""),
        new(
            "a claim searches for what it has taken on a secondary",
            Claims,
            """Table.Rows.Where(row => eventIds.Contains(row.EventId)""",
            """(PLANTED ? Server.RowsOfSecondary() : Table.Rows).Where(row => eventIds.Contains(row.EventId)"""),
        new(
            "whether a key is held is read on a secondary",
            Order,
            """private IEnumerable<TableRow> Rows() => Table.Rows;""",
            """private IEnumerable<TableRow> Rows() => PLANTED ? Server.RowsOfSecondary() : Table.Rows;"""),
        new(
            "a mark does not wait for a majority",
            "tests/Simulation/Model/Mongo/MongoClient.cs",
            "                matched += update(id) ? 1 : 0;\n                server.Note(id);",
            "                matched += update(id) ? 1 : 0;\n                server.Note(id, isMajority: !PLANTED);"),
        new(
            "a commit does not wait for a majority",
            Session,
            """Server.Commit(transaction);""",
            """Server.Commit(transaction, isMajority: !PLANTED);"""),
        new(
            "the change stream decides which rows are claimed",
            Claims,
            """Table.Rows.Where(row => OutboxTable.IsDue(row, Server.Now)).OrderBy""",
            """Table.Rows.Where(row => OutboxTable.IsDue(row, Server.Now) && (!PLANTED || client.Heard.Contains(row.EventId))).OrderBy"""),
        new(
            "a key's number is taken outside of the transaction",
            Insert,
            """transaction => TakeNumber(transaction, server, key), cancellationToken);""",
            """transaction => PLANTED ? TakeAtOnce() : TakeNumber(transaction, server, key), cancellationToken); """
            + """long TakeAtOnce() { server.SetCounter(key, server.Counter(key) + 1); return server.Counter(key); }"""),
        new(
            "two transactions may take one number of a key",
            Insert,
            """server.Write(transaction, DocumentId.Counter(key), changes: true, () => server.SetCounter(key, number));""",
            """if (PLANTED) { transaction.Changes.Add(() => server.SetCounter(key, number)); } """
            + """else { server.Write(transaction, DocumentId.Counter(key), changes: true, () => server.SetCounter(key, number)); }"""),
        new(
            "the rows of a key go by the time that their apps say",
            Claims,
            """.Select(line => line.OrderBy(row => row.Place).ToList())];""",
            """.Select(line => (PLANTED ? line.OrderBy(row => row.EnqueuedAt) : line.OrderBy(row => row.Place)).ToList())];"""),
        new(
            "a row that is being published does not hold back its key",
            Order,
            """Rows().Where(row => row.Blocks)""",
            """Rows().Where(row => row.Blocks && !(PLANTED && row.Parsed == OutboxStatus.Publishing))"""),
        new(
            "a row in the middle of a key that another has got does not hold back what comes after it",
            Claims,
            """&& lost.Contains(key))""",
            """&& lost.Contains(key) && !PLANTED)"""),
        new(
            "what a dead relay has left waiting is not released",
            Claims,
            """&& await _order.ReleaseForgottenAsync(cancellationToken))""",
            """&& !PLANTED && await _order.ReleaseForgottenAsync(cancellationToken))"""),
    ];
}
