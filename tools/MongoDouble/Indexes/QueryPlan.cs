using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Indexes;

/// <summary>How a query finds its documents: through an index, or through the whole collection.</summary>
/// <param name="Collection">Where; null: there is no such collection.</param>
/// <param name="Filter">What every document is held to.</param>
/// <param name="Index">The index; null: the whole collection.</param>
/// <param name="Ranges">The pieces of the index, in its order.</param>
/// <param name="Backwards">Whether it is read from its end.</param>
/// <param name="ProvidesSort">Whether the documents come in the wanted order.</param>
/// <param name="BoundFields">How many fields of the index the ranges use.</param>
internal sealed record QueryPlan(
    Collection? Collection, Filter Filter, CollectionIndex? Index, IReadOnlyList<KeyRange> Ranges, bool Backwards, bool ProvidesSort, int BoundFields)
{
    /// <summary>The sort that has to be done afterwards; null: none.</summary>
    public BsonDocument? Sort { get; init; }

    public BsonDocument FilterDocument { get; init; } = [];

    /// <summary>The matching documents, one by one. The collection must not change meanwhile.</summary>
    public IEnumerable<(Record Record, BsonDocument Document)> Run(
        StorageTransaction reader, Evaluation evaluation, ScanStatistics? statistics = null)
    {
        statistics ??= new ScanStatistics();
        var found = Scan(reader, evaluation, statistics);
        if (Sort is not null && !ProvidesSort)
        {
            var order = SortOrder.Parse(Sort);
            found = found.OrderBy(pair => pair.Document, order);
        }

        return found;
    }

    private IEnumerable<(Record Record, BsonDocument Document)> Scan(StorageTransaction reader, Evaluation evaluation, ScanStatistics statistics)
    {
        foreach (var (record, document) in Candidates(reader, statistics))
        {
            statistics.Documents++;
            if (Filter.Matches(document, evaluation))
            {
                statistics.Returned++;
                yield return (record, document);
            }
        }
    }

    private IEnumerable<(Record Record, BsonDocument Document)> Candidates(StorageTransaction reader, ScanStatistics statistics)
    {
        if (Collection is null)
        {
            yield break;
        }

        if (Index is null)
        {
            foreach (var pair in Collection.Scan(reader, Backwards))
            {
                yield return pair;
            }

            yield break;
        }

        var seen = Index.IsMultikey ? new HashSet<long>() : null;
        foreach (var range in Backwards ? Ranges.Reverse() : Ranges)
        {
            foreach (var entry in Index.Range(range.Lower, range.LowerSide, range.Upper, range.UpperSide, Backwards))
            {
                statistics.Keys++;
                if (entry.Record!.Visible(reader) is { } document && Index.IsCurrent(entry, document) && (seen is null || seen.Add(entry.Record.Id)))
                {
                    yield return (entry.Record, document);
                }
            }
        }
    }
}
