using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Testing;

namespace Relaybox.MongoDouble.Tests.Serving;

public sealed class HandshakeTests(MongoDbServer server) : ServerTest(server)
{
    [Fact]
    public async Task Hello_tells_the_limits_and_the_replica_set()
    {
        var hello = await AdminAsync(new BsonDocument("hello", 1));
        Assert.True(hello["isWritablePrimary"].AsBoolean);
        Assert.Equal(16 * 1024 * 1024, hello["maxBsonObjectSize"].ToInt32());
        Assert.Equal(48_000_000, hello["maxMessageSizeBytes"].ToInt32());
        Assert.Equal(100_000, hello["maxWriteBatchSize"].ToInt32());
        Assert.True(hello["maxWireVersion"].ToInt32() >= 17);
        Assert.Equal(hello["primary"], hello["me"]);
        Assert.True(hello.Contains("topologyVersion"));
    }

    [Fact]
    public async Task A_client_can_connect_directly()
    {
        using var client = Server.CreateClient(settings =>
        {
            settings.ReplicaSetName = null;
            settings.DirectConnection = true;
        });
        var answer = await client.GetDatabase("admin").RunCommandAsync<BsonDocument>(new BsonDocument("ping", 1));
        Assert.Equal(1.0, answer["ok"].ToDouble());
    }

    [Fact]
    public async Task An_unknown_command_is_refused()
    {
        var error = await RefusedAsync(() => RunAsync("{ makeCoffee: 1 }"));
        Assert.Equal((59, "CommandNotFound"), (error.Code, error.CodeName));
        Assert.Contains("no such command: 'makeCoffee'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_field_is_refused()
    {
        var error = await RefusedAsync(() => RunAsync("{ find: 'documents', sugar: 2 }"));
        Assert.Equal(40415, error.Code);
        Assert.Contains("'find.sugar' is an unknown field", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_field_of_a_wrong_type_is_refused()
    {
        var error = await RefusedAsync(() => RunAsync("{ find: 'documents', filter: 'all' }"));
        Assert.Equal((14, "TypeMismatch"), (error.Code, error.CodeName));
    }

    [Fact]
    public async Task Answers_carry_the_cluster_time_and_the_operation_time()
    {
        var before = (await RunAsync("{ insert: 'documents', documents: [{ _id: 1 }] }"))["operationTime"].AsBsonTimestamp;
        var after = await RunAsync("{ insert: 'documents', documents: [{ _id: 2 }] }");
        Assert.True(after["operationTime"].AsBsonTimestamp > before);
        Assert.True(after["$clusterTime"]["clusterTime"].AsBsonTimestamp >= after["operationTime"].AsBsonTimestamp);
    }

    [Fact]
    public async Task Old_drivers_begin_with_OP_QUERY()
    {
        var command = new BsonDocument("isMaster", 1).ToBson();
        var message = new MemoryStream();
        message.Write(Int32(0));
        message.Write(Int32(7));
        message.Write(Int32(0));
        message.Write(Int32(2004));
        message.Write(Int32(0));
        message.Write(Encoding.UTF8.GetBytes("admin.$cmd\0"));
        message.Write(Int32(0));
        message.Write(Int32(-1));
        message.Write(command);

        var (header, answer) = await ExchangeAsync(message.ToArray(), skip: 20);
        Assert.Equal(7, BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(8)));
        Assert.Equal(1, BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(12)));
        Assert.True(answer["ismaster"].AsBoolean);
    }

    [Fact]
    public async Task A_document_sequence_is_a_field_of_the_command()
    {
        var body = new BsonDocument { { "insert", "documents" }, { "$db", Database.DatabaseNamespace.DatabaseName } }.ToBson();
        byte[] sequence = [.. "documents\0"u8, .. new BsonDocument("_id", 1).ToBson(), .. new BsonDocument("_id", 2).ToBson()];
        byte[] message =
        [
            .. Int32(0), .. Int32(1), .. Int32(0), .. Int32(2013), .. Int32(0), 0, .. body, 1, .. Int32(sequence.Length + 4), .. sequence,
        ];
        var (_, answer) = await ExchangeAsync(message, skip: 5);
        Assert.Equal(2, answer["n"].ToInt32());
    }

    [Fact]
    public async Task An_unacknowledged_write_is_done_without_an_answer()
    {
        var silent = Documents.WithWriteConcern(WriteConcern.Unacknowledged);
        await silent.InsertOneAsync(new BsonDocument("_id", 1));
        await Eventually.TrueAsync(async () => await ReadAsync(1) is not null, "the document is there");
    }

    private static byte[] Int32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private async Task<(byte[] Header, BsonDocument Answer)> ExchangeAsync(byte[] message, int skip)
    {
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        var address = Server.Client.Settings.Server;
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Parse(address.Host), address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(message);
        var header = new byte[16];
        await stream.ReadExactlyAsync(header);
        var body = new byte[BinaryPrimitives.ReadInt32LittleEndian(header) - 16];
        await stream.ReadExactlyAsync(body);
        return (header, MongoDB.Bson.Serialization.BsonSerializer.Deserialize<BsonDocument>(body[skip..]));
    }
}
