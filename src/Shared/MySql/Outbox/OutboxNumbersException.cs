using Relaybox.Outbox;

namespace Relaybox.MySql;

/// <summary>
/// The table that numbers the rows of ordering keys lacks the row of the event's key, as after a restore of a part. Nothing was written.
/// Setup puts it right. This says nothing about the event's id: it is no <see cref="EventIdTakenException"/>.
/// </summary>
/// <param name="table">The table of the numbers.</param>
/// <param name="innerException">What the server answered.</param>
public sealed class OutboxNumbersException(string table, Exception innerException) : Exception(
    $"The table {table} lacks the row that numbers the events of this ordering key, as after a restore; nothing was written. "
    + "Invoke the Setup function, which puts it right, and make the same call again.",
    innerException);
