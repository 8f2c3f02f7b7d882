using Amazon.DynamoDBv2.Model;

namespace Relaybox.DynamoDb;

/// <summary>What became of a transaction.</summary>
/// <param name="Committed">Whether everything is written. Otherwise nothing is.</param>
/// <param name="FailedConditions">The positions of the items whose conditions did not hold.</param>
/// <param name="Found">By position: what is there instead, where the item asked for it.</param>
internal sealed record TransactionOutcome(
    bool Committed, IReadOnlyList<int> FailedConditions, IReadOnlyDictionary<int, Dictionary<string, AttributeValue>> Found)
{
    internal static TransactionOutcome Success { get; } = new(true, [], new Dictionary<int, Dictionary<string, AttributeValue>>());
}
