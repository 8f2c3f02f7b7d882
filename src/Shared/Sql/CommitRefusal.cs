using Relaybox.Inbox;

namespace Relaybox.Sql;

/// <summary>Why a database has refused a handler's transaction: nothing of it is written by the commit.</summary>
/// <param name="Outcome">What the consumer is told.</param>
/// <param name="ErrorName">The database's name of the error; null where there was none.</param>
internal readonly record struct CommitRefusal(CommitOutcome Outcome, string? ErrorName);
