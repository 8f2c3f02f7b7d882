using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using MongoDB.Bson;
using MongoDB.Driver;
using MongoDB.Driver.Core.Clusters;
using MongoDB.Driver.Core.Connections;
using MongoDB.Driver.Core.Events;
using MongoDB.Driver.Core.Servers;
using Npgsql;
using Relaybox.Diagnostics;
using Relaybox.DynamoDb;
using Relaybox.MongoDb;
using Relaybox.MySql;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Sql;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Diagnostics;

/// <summary>Memory that runs out is told as what it is, and no store takes it for a server that is away, however its client wraps it.</summary>
public sealed class MemoryFaultTests(MongoDbServer server)
{
    private const string Name = "System.OutOfMemoryException";

    private static readonly ConnectionId Connection = new(new ServerId(new ClusterId(), new DnsEndPoint("db.example.com", 27017)));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void It_is_found_behind_what_clients_and_tasks_make_of_it()
    {
        var fault = new OutOfMemoryException();
        foreach (var wrapped in new Exception[]
        {
            fault, new IOException("m", fault), new AggregateException(new IOException(), new IOException("m", fault)),
            new InvalidOperationException("m", new AggregateException(fault)),
        })
        {
            Assert.Same(fault, MemoryFault.Find(wrapped));
            Assert.Equal(Name, FailureText.NameOf(wrapped));
        }

        Assert.Null(MemoryFault.Find(null));
        Assert.Null(MemoryFault.Find(new AggregateException(new IOException("m", new SocketException()))));
    }

    [Fact]
    public void No_store_takes_it_for_an_outage()
    {
        var fault = new IOException("m", new OutOfMemoryException());
        var ofMongo = new MongoConnectionException(Connection, "m", fault);
        ofMongo.AddErrorLabel(MongoFaults.TransientTransaction);
        Assert.False(MongoFaults.IsTransient(ofMongo));
        Assert.False(MongoFaults.IsOfServer(ofMongo));
        Assert.Null(MongoFailureText.Describe(ofMongo, new MongoTarget("h", "d", "u", "MONGODB_URI", "relaybox")));

        var ofPostgres = new NpgsqlException("m", fault);
        Assert.False(PostgresFaults.IsTransient(ofPostgres));
        Assert.False(PostgresFaults.IsOfServer(new InvalidOperationException("m", ofPostgres)));
        Assert.Null(PostgresFailureText.Describe(ofPostgres, new SqlTarget("h", "d", "u", "DATABASE_URL", "relaybox")));

        Assert.False(MySqlFaults.IsTransient(fault));
        Assert.False(MySqlFaults.IsOfServer(fault));

        Assert.False(DynamoDbFaults.IsTransient(new AmazonClientException("m", fault)));
    }

    [Fact]
    public async Task While_a_command_is_sent_to_MongoDB_it_ends_the_call_at_once()
    {
        var database = await MongoTestDatabase.CreateAsync(server);
        var tries = 0;
        using var client = server.CreateClient(settings => settings.ClusterConfigurator = cluster => cluster
            .Subscribe<CommandStartedEvent>(command =>
            {
                if (command.CommandName == "aggregate")
                {
                    Interlocked.Increment(ref tries);
                    throw new OutOfMemoryException();
                }
            }));
        using var connections = database.Connect(client.GetDatabase(database.Database.DatabaseNamespace.DatabaseName));
        var repository = new MongoOutboxRepository(connections, database.Options, TimeProvider.System, SystemEntropy.Instance);
        var thrown = await Assert.ThrowsAnyAsync<Exception>(() => repository.GetCountByStatusAsync(Ct));
        Assert.Equal(Name, FailureText.NameOf(connections.Explain(thrown) ?? thrown));
        Assert.Equal(1, tries);
    }
}
