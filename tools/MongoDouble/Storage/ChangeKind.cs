namespace Relaybox.MongoDouble.Storage;

/// <summary>What a commit did to a document or to a collection.</summary>
internal enum ChangeKind
{
    Insert,
    Update,
    Replace,
    Delete,
    Create,
    Drop,
    DropDatabase,
    CreateIndex,
    DropIndex,
    Modify,
}
