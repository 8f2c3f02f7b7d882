namespace Relaybox.DynamoDb;

/// <summary>What became of a transaction.</summary>
/// <param name="Committed">Whether everything is written. Otherwise nothing is.</param>
/// <param name="FailedConditions">The positions of the items whose conditions did not hold.</param>
internal sealed record TransactionOutcome(bool Committed, IReadOnlyList<int> FailedConditions)
{
    internal static TransactionOutcome Success { get; } = new(true, []);
}
