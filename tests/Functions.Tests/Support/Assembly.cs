using Relaybox.Testing;

[assembly: AssemblyFixture(typeof(DynamoDbLocal))]
[assembly: AssemblyFixture(typeof(PostgresServer))]
[assembly: AssemblyFixture(typeof(SqsEmulator))]
