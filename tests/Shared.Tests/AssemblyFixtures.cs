using Relaybox.Testing;

[assembly: AssemblyFixture(typeof(DynamoDbLocal))]
[assembly: AssemblyFixture(typeof(SqsEmulator))]
[assembly: AssemblyFixture(typeof(PostgresServer))]
[assembly: AssemblyFixture(typeof(MySqlServer))]
[assembly: AssemblyFixture(typeof(NatsServer))]
[assembly: AssemblyFixture(typeof(MongoDbServer))]
[assembly: AssemblyFixture(typeof(RedisServer))]
