namespace Relaybox.Operations;

/// <summary>Where the rows are written down that an operation deletes for good: afterwards nothing else names them.</summary>
internal interface IPurgeAudit
{
    /// <summary>Writes down the rows of a step, before they are deleted. Those that have changed meanwhile stay.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="eventIds">The event ids of the rows.</param>
    void Purging(Operation operation, IReadOnlyCollection<string> eventIds);
}
