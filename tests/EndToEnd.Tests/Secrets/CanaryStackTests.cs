using System.Collections.Concurrent;
using System.Data.Common;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using MongoDB.Bson;
using MongoDB.Driver;
using MySqlConnector;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Npgsql;
using Relaybox.Events;
using Relaybox.Local.Stores;
using Relaybox.Local.Stores.MongoDb;
using Relaybox.Local.Stores.MySql;
using Relaybox.Local.Stores.Postgres;
using Relaybox.Local.Stores.Redis;
using Relaybox.Messaging;
using Relaybox.Redis;
using Relaybox.Testing;
using static Relaybox.EndToEnd.Tests.RunningStack;

namespace Relaybox.EndToEnd.Tests.Secrets;

/// <summary>
/// The whole stack with a secret in payloads, headers, results and credentials, at the finest log level: what the functions
/// print, what the tables say besides the app's own columns, and what dead letters carry besides the app's own headers must
/// not hold it. Emulators for DynamoDB and SQS, real servers for PostgreSQL, MySQL, Redis and NATS.
/// </summary>
public sealed class CanaryStackTests
{
    private const string Canary = "canary-c0ffee-4711";
    private const string BrokerSecret = "arn:aws:secretsmanager:eu-central-2:000000000000:secret:broker-LoCaLx";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("dynamodb", "nats")]
    [InlineData("postgres", "sqs")]
    [InlineData("mongodb", "nats")]
    [InlineData("mysql", "nats")]
    [InlineData("redis", "sqs")]
    public async Task A_secret_is_seen_where_the_app_has_put_it_and_nowhere_else(string store, string broker)
    {
        var lines = new ConcurrentQueue<string>();
        await using var stack = await StartAsync(
            configure: options => options with
            {
                OnFunctionLine = (function, line) => lines.Enqueue($"{function}: {line}"),
                Secrets = new Dictionary<string, string> { [BrokerSecret] = $$"""{"username":"relaybox","password":"{{Canary}}"}""" },
                Environment = new Dictionary<string, string>(options.Environment) { ["PULL_SECONDS"] = "4", ["SWEEP_LISTEN_SECONDS"] = "0" },
            },
            parameters:
            [
                ("Store", store),
                ("Broker", broker),
                ("LogLevel", "Trace"),
                .. broker == "nats" ? new[] { ("NatsCredentialsSecretArn", BrokerSecret) } : [],
            ]);

        await WriteAsync(stack, "good", "orders.placed", $$"""{"orderId":"good","note":"{{Canary}}"}""");
        await WriteAsync(stack, "unreadable", "orders.placed", $"not JSON but {Canary}");
        await WriteAsync(stack, "wrong", "orders.placed", $$"""{"orderId":{"{{Canary}}":["{{Canary}}"] } }""");
        await WriteAsync(stack, "unhandled", "nobody.listens", Canary);
        await WriteAsync(stack, "smuggled", "orders.placed", "{}", header: $"a\r\nX-Injected: {Canary}");
        if (store != "dynamodb")
        {
            await WriteAsync(stack, "large", "orders.placed", string.Concat(Enumerable.Repeat(Canary, 80_000)));
            await stack.InvokeAsync("SweepRelay");
        }

        // What no relay of ours would send.
        if (broker == "sqs")
        {
            using var sqs = Sqs(stack);
            await sqs.SendMessageAsync(
                new SendMessageRequest { QueueUrl = stack.Variable("QUEUE_URL"), MessageBody = $$"""{"{{Canary}}":"{{Canary}}",""" }, Ct);
            await sqs.SendMessageAsync(
                new SendMessageRequest
                {
                    QueueUrl = stack.Variable("QUEUE_URL"),
                    MessageBody = $$"""{"id":"good","eventType":"orders.placed","subject":"orders.placed","payload":"{{Canary}}"}""",
                    MessageAttributes = new() { ["relaybox-format"] = new MessageAttributeValue { DataType = "String", StringValue = Canary } },
                },
                Ct);
        }

        var deadLetters = await DeadLettersAsync(stack, store, broker, atLeast: broker == "sqs" ? 5 : 3);
        foreach (var job in new[] { "ResetStale", "Reconcile", "SweepRelay", "Cleanup" })
        {
            lines.Enqueue($"{job} answers: {await stack.InvokeAsync(job)}");
        }

        // An operator sees the payload that he asks for; everything else that Operate says, and its audit, has none.
        foreach (var request in new[]
        {
            """{"command":"status"}""", """{"command":"list"}""", """{"command":"preview"}""", """{"command":"show","eventId":"good"}""",
            """{"command":"why","eventId":"smuggled"}""", """{"command":"show","eventId":"good","withPayload":true}""",
        })
        {
            lines.Enqueue($"Operate answers: {await stack.OperateAsync("read", request)}");
        }

        Assert.Contains(
            Canary, await stack.OperateAsync("payload", """{"command":"show","eventId":"good","withPayload":true}"""), StringComparison.Ordinal);
        var rows = await RowsAsync(stack, store);

        // The functions' own user, who is no owner, may act.
        foreach (var action in new[] { "shelve", "unshelve", "purge" })
        {
            lines.Enqueue($"Operate answers: {await ActAsync(stack, action, "smuggled")}");
        }

        Assert.Contains(lines, line => line.Contains("Audit: somebody asks by alias payload for row good", StringComparison.Ordinal));
        Assert.Contains(rows, row => row.Contains("row.headers-invalid", StringComparison.Ordinal));
        Assert.Contains(rows, row => row.Contains("message.payload-unreadable", StringComparison.Ordinal));
        Assert.Contains(deadLetters, letter => letter.Contains("message.subject-unhandled", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("\"MessagesDeadLettered\":", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("\"level\":\"Error\"", StringComparison.Ordinal));
        string[] passwords = stack.Runner.Servers.Store is DatabaseRun database ? [database.Password] : [];
        foreach (var secret in passwords.Append(Canary))
        {
            Assert.All(
                [.. lines, .. rows, .. deadLetters, $"{stack.Output}"],
                text => Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase));
        }
    }

    private static async Task<string> ActAsync(RunningStack stack, string action, string eventId)
    {
        var request = new JsonObject
        {
            ["command"] = "begin", ["action"] = action, ["selection"] = $"id:{eventId}", ["reason"] = "a test",
            ["confirmedAt"] = DateTimeOffset.UtcNow.AddMinutes(1),
        };
        var begun = JsonNode.Parse(await stack.OperateAsync("act", request.ToJsonString()))!;
        request = new JsonObject { ["command"] = "run", ["operationId"] = (string?)begun["operation"]!["id"] };
        var ended = await stack.OperateAsync("act", request.ToJsonString());
        Assert.DoesNotContain("problem", ended, StringComparison.Ordinal);
        return ended;
    }

    private static async Task WriteAsync(RunningStack stack, string eventId, string subject, string payload, string? header = null)
    {
        var headers = new Dictionary<string, string> { ["authorization"] = header ?? $"Bearer {Canary}" };
        if (stack.Runner.Servers.Store is MongoDbRun mongo)
        {
            await Collection(mongo, stack.OutboxTable).InsertOneAsync(
                new BsonDocument
                {
                    { "_id", eventId }, { "subject", subject }, { "payload", payload }, { "status", "pending" },
                    { "headers", new BsonDocument(headers.Select(entry => new BsonElement(entry.Key, entry.Value))) },
                    { "result", $"\"{Canary}\"" },
                },
                cancellationToken: Ct);
            return;
        }

        if (stack.Runner.Servers.Store is RedisRun redis)
        {
            await using var connection = await redis.ConnectAsync();
            var keys = KeysOf(stack);
            var arguments = new ScriptArguments(new Bucket(keys.KeyPrefix, 0).Keys(), RedisSchema.Version, keys.Buckets);
            OutboxInsert.Add(
                arguments,
                keys,
                new Bucket(keys.KeyPrefix, 0),
                [new OutboxEvent { EventId = eventId, Subject = subject, Payload = payload, Headers = headers, Result = $"\"{Canary}\"" }]);
            arguments.Add(new RedisCommands());
            arguments.Add(0);
            await RedisScript.Load("outbox_insert").RunAsync(connection.GetDatabase(), arguments);
            return;
        }

        if (SqlOf(stack) is not { } database)
        {
            await stack.WriteAsync(
                eventId,
                ("subject", S(subject)),
                ("payload", S(payload)),
                ("result", S($"\"{Canary}\"")),
                ("headers", new AttributeValue { M = headers.ToDictionary(entry => entry.Key, entry => S(entry.Value)) }));
            return;
        }

        await using var source = database;
        await using var command = source.CreateCommand(
            $"INSERT INTO {stack.Variable("DATABASE_SCHEMA")}.{stack.OutboxTable} (event_id, "
            + "subject, payload, headers, result) VALUES (@id, @subject, @payload, @headers, @result)");
        foreach (var (name, value) in new[]
        {
            ("id", eventId), ("subject", subject), ("payload", payload), ("headers", JsonSerializer.Serialize(headers)), ("result", $"\"{Canary}\""),
        })
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        await command.ExecuteNonQueryAsync(Ct);
    }

    // The administrator's connections; null where the store has no SQL. The caller disposes them.
    private static DbDataSource? SqlOf(RunningStack stack) => stack.Runner.Servers.Store switch
    {
        PostgresRun postgres => NpgsqlDataSource.Create(postgres.ConnectionString),
        MySqlRun mySql => new MySqlDataSource(mySql.ConnectionString),
        _ => null,
    };

    private static RedisOptions KeysOf(RunningStack stack) => new() { KeyPrefix = stack.Variable("REDIS_KEY_PREFIX") };

    // Rows and records as text, without what the app has written.
    private static async Task<List<string>> RowsAsync(RunningStack stack, string store)
    {
        var rows = new List<string>();
        if (stack.Runner.Servers.Store is RedisRun redis)
        {
            await using var connection = await redis.ConnectAsync();
            await foreach (var key in connection.GetServers()[0].KeysAsync(pattern: $"{{{KeysOf(stack).KeyPrefix}:*"))
            {
                var isHash = await connection.GetDatabase().KeyTypeAsync(key) == StackExchange.Redis.RedisType.Hash;
                var fields = isHash ? await connection.GetDatabase().HashGetAllAsync(key) : [];
                rows.Add($"{key} " + string.Join(
                    ' ', fields.Where(field => field.Name != "payload" && field.Name != "headers" && field.Name != "result")));
            }

            return rows;
        }

        foreach (var table in new[] { "OUTBOX_TABLE", "INBOX_TABLE", "JOBS_TABLE" }.Select(stack.Variable))
        {
            if (store == "dynamodb")
            {
                var page = await stack.DynamoDb.ScanAsync(new ScanRequest { TableName = table, ConsistentRead = true }, Ct);
                rows.AddRange(page.Items.Select(item => string.Join(
                    ' ',
                    item.Where(entry => entry.Key is not ("payload" or "headers" or "result")).Select(
                        entry => $"{entry.Key}={entry.Value.S ?? entry.Value.N}"))));
                continue;
            }

            if (stack.Runner.Servers.Store is MongoDbRun mongo)
            {
                var found = await Collection(mongo, table).Find(new BsonDocument())
                    .Project<BsonDocument>(new BsonDocument { { "payload", 0 }, { "headers", 0 }, { "result", 0 } }).ToListAsync(Ct);
                rows.AddRange(found.Select(row => row.ToJson()));
                continue;
            }

            await using var database = SqlOf(stack)!;
            await using var command = database.CreateCommand($"SELECT * FROM {stack.Variable("DATABASE_SCHEMA")}.{table}");
            await using var reader = await command.ExecuteReaderAsync(Ct);
            while (await reader.ReadAsync(Ct))
            {
                rows.Add(string.Join(
                    ' ',
                    from i in Enumerable.Range(0, reader.FieldCount)
                    where reader.GetName(i) is not ("payload" or "headers" or "result")
                    let value = reader.GetValue(i)
                    select $"{reader.GetName(i)}={(value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : value)}"));
            }
        }

        return rows;
    }

    private static IMongoCollection<BsonDocument> Collection(MongoDbRun mongo, string name) =>
        new MongoClient(mongo.ConnectionString).GetDatabase(MongoUrl.Create(mongo.ConnectionString).DatabaseName).GetCollection<BsonDocument>(name);

    // What is added to the messages: their attributes, but for the app's own.
    private static async Task<List<string>> DeadLettersAsync(RunningStack stack, string store, string broker, int atLeast)
    {
        var letters = new List<string>();
        var seen = new HashSet<string>();
        if (broker == "sqs")
        {
            using var sqs = Sqs(stack);
            await Eventually.TrueAsync(
                async () =>
                {
                    await RelayAsync(stack, store);
                    var answer = await sqs.ReceiveMessageAsync(new ReceiveMessageRequest
                    {
                        QueueUrl = stack.Variable("DEAD_LETTER_QUEUE_URL"), MessageAttributeNames = ["All"], MaxNumberOfMessages = 10,
                    });
                    letters.AddRange((answer.Messages ?? []).Where(message => seen.Add(message.MessageId)).Select(message => string.Join(
                        ' ',
                        (message.MessageAttributes ?? [])
                            .Where(entry => entry.Key is not ("authorization" or "headers") && entry.Value.StringValue != Canary)
                            .Select(entry => $"{entry.Key}={entry.Value.StringValue}"))));
                    return letters.Count >= atLeast;
                },
                $"{atLeast} dead letters. {stack.Output}",
                TimeSpan.FromMinutes(2));
            return letters;
        }

        await using var connection = new NatsConnection(new NatsOpts { Url = stack.Variable("NATS_URL") });
        var context = new NatsJSContext(connection);
        var consumer = await context.CreateOrUpdateConsumerAsync(
            $"{stack.Variable("NATS_STREAM")}-DEAD", new ConsumerConfig("canary") { AckPolicy = ConsumerConfigAckPolicy.None }, Ct);
        await Eventually.TrueAsync(
            async () =>
            {
                await RelayAsync(stack, store);
                await stack.InvokeAsync("PullConsume");
                while (await consumer.NextAsync<byte[]>(
                    opts: new NatsJSNextOpts { Expires = TimeSpan.FromSeconds(1) }, cancellationToken: Ct) is { } message)
                {
                    letters.Add(string.Join(
                        ' ',
                        (message.Headers ?? []).Where(entry => entry.Key is not ("authorization" or "Relaybox-Headers")).Select(
                            entry => $"{entry.Key}={entry.Value}")));
                }

                return letters.Count >= atLeast;
            },
            $"{atLeast} dead letters. {stack.Output}",
            TimeSpan.FromMinutes(2));
        return letters;
    }

    // A stream relays by itself. A sweep may meet a server that is not quick enough, and leaves the rest to the next.
    private static async Task RelayAsync(RunningStack stack, string store)
    {
        if (store != "dynamodb")
        {
            await stack.InvokeAsync("SweepRelay");
        }
    }

    private static AmazonSQSClient Sqs(RunningStack stack) => new(
        new BasicAWSCredentials("local", "local"),
        new AmazonSQSConfig { ServiceURL = stack.SqsEndpoint.ToString(), AuthenticationRegion = stack.Variable("AWS_REGION") });
}
