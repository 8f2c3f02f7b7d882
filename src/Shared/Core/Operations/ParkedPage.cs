using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>Some parked rows, the oldest first.</summary>
/// <param name="Rows">The rows, without payload and result: these are read for one row, when somebody asks for them.</param>
/// <param name="Cursor">Where the next page begins; null at the end.</param>
/// <param name="Now">The time of the clock that wrote when the rows were parked.</param>
internal sealed record ParkedPage(IReadOnlyList<OutboxRow> Rows, string? Cursor, DateTimeOffset Now);
