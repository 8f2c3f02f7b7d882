using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.Tests.Model;

/// <summary>The model fails as the manual says that the server does.</summary>
public sealed class MongoServerTests
{
    private static readonly DocumentId First = DocumentId.Row("e-1");

    private readonly DirectServer _wire = new();
    private readonly OutboxTable _table = new(keepsOrder: true);
    private readonly MongoServer _server;

    public MongoServerTests()
    {
        _server = new MongoServer(_table, new InboxTable(_table), () => _wire.Now);
        _table.FindOrCreate(new OutboxEvent { EventId = "e-1", Subject = "a", Payload = "{}" }, _wire.Now, dueAtOnce: true);
        _server.Note(First);
    }

    [Fact]
    public void A_write_of_what_an_open_transaction_has_written_aborts_the_second_at_once()
    {
        var (one, other) = (_server.Begin(), _server.Begin());
        _server.Write(one, First, changes: true, Follow);

        var failure = Assert.Throws<MongoFailure>(() => _server.Write(other, First, changes: true, Follow));

        Assert.Equal(MongoFailure.WriteConflict, failure.Code);
        Assert.True(failure.EndsTransaction);
        Assert.Equal(MongoFailure.NoSuchTransaction, Assert.Throws<MongoFailure>(() => _server.Commit(other)).Code);
        _server.Commit(one);
        Assert.Equal(1, _table.Find("e-1")!.Followed);
    }

    [Fact]
    public void A_write_of_what_was_changed_since_the_transaction_began_aborts_it()
    {
        var late = _server.Begin();
        Follow();
        _server.Note(First);

        Assert.Throws<MongoFailure>(() => _server.Write(late, First, changes: true, Follow));
        Assert.Throws<MongoFailure>(() => _server.Commit(late));
    }

    [Fact]
    public void A_transaction_sees_what_was_there_when_it_began()
    {
        var transaction = _server.Begin();
        Follow();
        _server.Note(First);

        Assert.Equal(0, _server.RowAt(transaction, "e-1")!.Followed);
        Assert.Equal(1, _server.RowAt(_server.Begin(), "e-1")!.Followed);
    }

    [Fact]
    public void A_write_that_changes_nothing_meets_nobody()
    {
        var (one, other) = (_server.Begin(), _server.Begin());
        _server.Write(one, First, changes: true, Follow);

        _server.Write(other, First, changes: false, Follow);

        _server.Commit(other);
        _server.Commit(one);
        Assert.Equal(1, _table.Find("e-1")!.Followed);
    }

    [Fact]
    public void A_commit_that_comes_again_is_answered_and_does_nothing()
    {
        var transaction = _server.Begin();
        _server.Write(transaction, First, changes: true, Follow);

        _server.Commit(transaction);
        _server.Commit(transaction);

        Assert.Equal(1, _table.Find("e-1")!.Followed);
    }

    [Fact]
    public void A_document_is_held_until_the_transaction_ends_or_its_time_is_over()
    {
        var transaction = _server.Begin();
        _server.Write(transaction, First, changes: true, Follow);
        Assert.True(_server.IsHeld(First));

        _wire.Pass(TimeSpan.FromSeconds(61));

        Assert.False(_server.IsHeld(First));
        Assert.Throws<MongoFailure>(() => _server.Commit(transaction));
    }

    [Fact]
    public void A_failover_ends_transactions_and_takes_back_what_was_not_on_a_majority()
    {
        var transaction = _server.Begin();
        Follow();
        _server.Note(First);
        Follow();
        _server.Note(First, isMajority: false);

        _server.FailOver();

        Assert.Equal(1, _table.Find("e-1")!.Followed);
        Assert.Throws<MongoFailure>(() => _server.Require(transaction));
    }

    [Fact]
    public void A_secondary_is_behind()
    {
        _wire.Pass(TimeSpan.FromMinutes(1));
        _table.MarkSent(new OutboxMark("e-1", ClaimToken.None), _wire.Now);
        _server.Note(First);

        Assert.Equal(OutboxStatus.Pending, Assert.Single(_server.RowsOfSecondary()).Parsed);
        _wire.Pass(TimeSpan.FromSeconds(10));
        Assert.Equal(OutboxStatus.Sent, Assert.Single(_server.RowsOfSecondary()).Parsed);
    }

    private void Follow() => _table.Find("e-1")!.Followed++;
}
