using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Stores;

/// <summary>What works with EF Core and with <see cref="TransactionScope"/>, as docs/row-contract.md says it.</summary>
public sealed class PostgresEntityFrameworkTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresSchema _schema = null!;
    private PostgresOutboxRepository _outbox = null!;
    private PostgresOutboxWriter _writer = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _schema = await PostgresSchema.CreateAsync(server);
        await _schema.ExecuteAsync("CREATE TABLE {{schema}}.orders (id text PRIMARY KEY)");
        _outbox = new(new PostgresConnections(_schema.DataSource), _schema.Options, TimeProvider.System, SystemEntropy.Instance);
        _writer = new(_schema.DataSource, _schema.Options);
    }

    public ValueTask DisposeAsync() => _schema.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_event_commits_with_what_EF_Core_saves_or_not_at_all(bool commits)
    {
        await using (var shop = new Shop(_schema))
        await using (var transaction = await shop.Database.BeginTransactionAsync(Ct))
        {
            shop.Orders.Add(new Order { Id = "o-1" });
            await shop.SaveChangesAsync(Ct);
            await _writer.EnqueueAsync(Sample.Event("e-1"), transaction.GetDbTransaction(), Ct);
            if (commits)
            {
                await transaction.CommitAsync(Ct);
            }
        }

        Assert.Equal(commits ? 1L : 0L, await OrdersAsync());
        Assert.Equal(commits, await _outbox.FindAsync("e-1", Ct) is not null);
    }

    [Fact]
    public async Task EF_Core_may_work_in_the_writers_transaction()
    {
        await _writer.ExecuteWithOutboxAsync(
            async (transaction, ct) =>
            {
                await using var shop = new Shop(transaction.Connection!);
                await shop.Database.UseTransactionAsync(transaction, ct);
                shop.Orders.Add(new Order { Id = "o-1" });
                return await shop.SaveChangesAsync(ct);
            },
            Sample.Event("e-1"),
            cancellationToken: Ct);
        Assert.Equal(1L, await OrdersAsync());
        Assert.NotNull(await _outbox.FindAsync("e-1", Ct));
    }

    [Fact]
    public async Task A_writer_refuses_a_scope_that_it_is_no_part_of()
    {
        await using var connection = await _schema.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        var dynamoDb = new DynamoDbOutboxWriter(null!, new DynamoDbOutboxOptions { TableName = "outbox" });
        Func<Task>[] calls =
        [
            () => _writer.EnqueueAsync(Sample.Event("e-1"), transaction, Ct),
            () => _writer.EnqueueManyAsync([Sample.Event("e-1")], transaction, Ct),
            () => _writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), Sample.Event("e-1"), cancellationToken: Ct),
            () => _writer.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), "{}", "orders.placed", cancellationToken: Ct),
            () => dynamoDb.ExecuteWithOutboxAsync((_, _) => Task.FromResult(1), "{}", "orders.placed", cancellationToken: Ct),
            () => dynamoDb.CommitAsync([], Sample.Event("e-1"), Ct),
        ];
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            foreach (var call in calls)
            {
                var refused = await Assert.ThrowsAsync<InvalidOperationException>(call);
                Assert.StartsWith("A TransactionScope is open here", refused.Message, StringComparison.Ordinal);
            }

            using var none = new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled);
            await _writer.EnqueueAsync(Sample.Event("e-2"), transaction, Ct);
        }

        await transaction.CommitAsync(Ct);
        Assert.Equal((false, true), (await _outbox.FindAsync("e-1", Ct) is not null, await _outbox.FindAsync("e-2", Ct) is not null));
    }

    private Task<object?> OrdersAsync() => _schema.ScalarAsync("SELECT count(*) FROM {{schema}}.orders");

    private sealed class Order
    {
        public required string Id { get; init; }
    }

    private sealed class Shop(DbContextOptions options) : DbContext(options)
    {
        internal Shop(PostgresSchema schema)
            : this(new DbContextOptionsBuilder().UseNpgsql(schema.DataSource).Options)
        {
        }

        internal Shop(Npgsql.NpgsqlConnection connection)
            : this(new DbContextOptionsBuilder().UseNpgsql(connection).Options)
        {
        }

        internal DbSet<Order> Orders => Set<Order>();

        protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Order>(order =>
        {
            order.ToTable("orders");
            order.Property(row => row.Id).HasColumnName("id");
        });
    }
}
