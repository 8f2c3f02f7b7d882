using System.Reflection;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Functions.Hosting;
using Relaybox.Nats;
using Relaybox.Postgres;
using Relaybox.Sqs;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace Relaybox.Functions.Tests;

/// <summary>Dependencies point one way: from the functions to stores and brokers, and from these to the core, which knows none of them.</summary>
public class DependencyTests
{
    private static readonly Architecture Product = new ArchLoader().LoadAssemblies(
        typeof(OutboxEvent).Assembly,
        typeof(DynamoDbOutboxWriter).Assembly,
        typeof(PostgresOutboxWriter).Assembly,
        typeof(SqsMessagePublisher).Assembly,
        typeof(NatsMessagePublisher).Assembly,
        typeof(FunctionCatalog).Assembly).Build();

    /// <summary>The rooms of the core from the ground up: each may use those before it, and none after it.</summary>
    private static readonly string[] Rooms =
    [
        "Relaybox.Diagnostics", "Relaybox.Timing", "Relaybox.Paging", "Relaybox.Secrets", "Relaybox.Events", "Relaybox.Messaging",
        "Relaybox.Messaging.Formats", "Relaybox.Outbox", "Relaybox.Outbox.Relay", "Relaybox.Inbox", "Relaybox.Maintenance", "Relaybox.Operations",
        "Relaybox.Settings",
        "Relaybox.Connections",
    ];

    public static TheoryData<string, string> Above { get; } =
        [.. Rooms.SelectMany((room, i) => Rooms.Skip(i + 1).Select(above => (room, above)))];

    [Theory]
    [InlineData("Relaybox.Core", "Relaybox.DynamoDb")]
    [InlineData("Relaybox.Core", "Relaybox.Postgres")]
    [InlineData("Relaybox.Core", "Relaybox.MySql")]
    [InlineData("Relaybox.Core", "Relaybox.Sql")]
    [InlineData("Relaybox.Core", "Relaybox.MongoDb")]
    [InlineData("Relaybox.Core", "Relaybox.Redis")]
    [InlineData("Relaybox.Core", "Relaybox.Sqs")]
    [InlineData("Relaybox.Core", "Relaybox.Nats")]
    [InlineData("Relaybox.Core", "Relaybox.S3")]
    [InlineData("Relaybox.Core", "Relaybox.Functions")]
    [InlineData("Relaybox.Core", "Npgsql")]
    [InlineData("Relaybox.Core", "MySqlConnector")]
    [InlineData("Relaybox.Core", "MongoDB.Driver")]
    [InlineData("Relaybox.Core", "StackExchange.Redis")]
    [InlineData("Relaybox.Sql", "Npgsql")]
    [InlineData("Relaybox.Sql", "MySqlConnector")]
    [InlineData("Relaybox.Core", "AWSSDK.Core")]
    [InlineData("Relaybox.Core", "NATS.Client.Core")]
    [InlineData("Relaybox.DynamoDb", "Relaybox.Postgres")]
    [InlineData("Relaybox.DynamoDb", "Relaybox.Sqs")]
    [InlineData("Relaybox.DynamoDb", "Relaybox.Nats")]
    [InlineData("Relaybox.Postgres", "Relaybox.DynamoDb")]
    [InlineData("Relaybox.Postgres", "Relaybox.MySql")]
    [InlineData("Relaybox.MySql", "Relaybox.Postgres")]
    [InlineData("Relaybox.Redis", "Relaybox.Sql")]
    [InlineData("Relaybox.MongoDb", "Relaybox.Sql")]
    [InlineData("Relaybox.Postgres", "Relaybox.Sqs")]
    [InlineData("Relaybox.Postgres", "Relaybox.Nats")]
    [InlineData("Relaybox.Sqs", "Relaybox.Nats")]
    [InlineData("Relaybox.Nats", "Relaybox.Sqs")]
    [InlineData("Relaybox.S3", "Relaybox.Sqs")]
    [InlineData("Relaybox.S3", "Relaybox.DynamoDb")]
    [InlineData("Relaybox.DynamoDb", "Relaybox.S3")]
    [InlineData("Relaybox.Sqs", "Relaybox.S3")]
    [InlineData("Relaybox.Nats", "Relaybox.S3")]
    public void An_assembly_does_not_know_another(string assembly, string other) =>
        Assert.DoesNotContain(other, System.Reflection.Assembly.Load(assembly).GetReferencedAssemblies().Select(reference => reference.Name));

    [Theory]
    [MemberData(nameof(Above))]
    public void A_room_of_the_core_uses_none_above_it(string room, string above) =>
        Types().That().ResideInNamespace(room).Should().NotDependOnAny(Types().That().ResideInNamespace(above))
            .WithoutRequiringPositiveResults().Check(Product);

    [Fact]
    public void Every_namespace_of_the_core_is_a_room() =>
        Assert.Equal(
            Rooms.Order(StringComparer.Ordinal),
            typeof(OutboxEvent).Assembly.GetTypes().Select(type => type.Namespace).OfType<string>()
                .Where(name => name.StartsWith("Relaybox", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal));
}
