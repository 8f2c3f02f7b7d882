using MongoDB.Bson;
using Relaybox.MongoDouble.Commands;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Streams;

/// <summary>Reads the change log from a place on. Used under the store's gate.</summary>
internal sealed class ChangeStreamSource(DataStore store, ChangeStreamScope scope, Pipeline stages, bool looksUp, ResumeToken start) : CursorSource
{
    private readonly Queue<BsonDocument> _events = [];
    private ResumeToken _read = start;
    private BsonDocument _tokenBefore = start.ToDocument();
    private bool _ended;

    public override bool IsExhausted => _ended && _events.Count == 0;

    public override bool HasNext
    {
        get
        {
            if (_events.Count == 0 && !_ended)
            {
                ReadOn();
            }

            return _events.Count > 0;
        }
    }

    /// <summary>From where a resumed stream misses nothing and repeats nothing.</summary>
    public BsonDocument PostBatchResumeToken { get; private set; } = start.ToDocument();

    protected override BsonDocument Next()
    {
        var next = _events.Dequeue();
        _tokenBefore = PostBatchResumeToken;
        PostBatchResumeToken = next["_id"].AsBsonDocument;
        return next;
    }

    protected override void Return(BsonDocument document)
    {
        PostBatchResumeToken = _tokenBefore;
        var rest = _events.ToArray();
        _events.Clear();
        _events.Enqueue(document);
        Array.ForEach(rest, _events.Enqueue);
    }

    // Reads until there is an event, or nothing more.
    private void ReadOn()
    {
        if (_read.Timestamp < store.Log.ForgottenUpTo || (_read.Timestamp == store.Log.ForgottenUpTo && _read.Index >= 0))
        {
            throw HistoryLost();
        }

        foreach (var commit in store.Log.From(_read.Timestamp))
        {
            var first = commit.Timestamp > _read.Timestamp ? 0 : _read.Index < 0 ? commit.Changes.Count : _read.Index + 1;
            for (var i = first; i < commit.Changes.Count; i++)
            {
                _read = new ResumeToken(commit.Timestamp, i);
                Enqueue(commit, i);
                if (_events.Count > 0 || _ended)
                {
                    return;
                }
            }
        }

        if (store.LastCommit >= _read.Timestamp)
        {
            _read = new ResumeToken(store.LastCommit, -1);
        }

        PostBatchResumeToken = _read.ToDocument();
    }

    private void Enqueue(Commit commit, int index)
    {
        var change = commit.Changes[index];
        if (!scope.Covers(change))
        {
            return;
        }

        if (ChangeEvents.Of(commit, index, looksUp ? Lookup : null) is { } made)
        {
            Pass(made);
        }

        if (scope.IsEndedBy(change))
        {
            Pass(ChangeEvents.Invalidate(commit, index));
            _ended = true;
        }
    }

    private void Pass(BsonDocument made)
    {
        var evaluation = new Evaluation(store.Clock.GetUtcNow().UtcDateTime);
        foreach (var result in stages.Run([made], evaluation))
        {
            if (!result.TryGetValue("_id", out var id) || !id.Equals(made["_id"]))
            {
                throw new ServerException(
                    280,
                    "ChangeStreamFatalError",
                    "Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the _id field "
                    + "of an event makes it impossible to resume the stream from that point.")
                {
                    Labels = ["NonResumableChangeStreamError"],
                };
            }

            _events.Enqueue(result);
        }
    }

    private BsonDocument? Lookup(Change change)
    {
        var reader = store.Now();
        return store.Find(reader, change.Database, change.Collection)?.Find(change.Key)?.Visible(reader);
    }

    private static ServerException HistoryLost() => new(
        286, "ChangeStreamHistoryLost", "Resume of change stream was not possible, as the resume point may no longer be in the oplog.")
    {
        Labels = ["NonResumableChangeStreamError"],
    };
}
