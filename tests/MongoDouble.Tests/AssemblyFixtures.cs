using Relaybox.Testing;

[assembly: AssemblyFixture(typeof(MongoDbServer))]
